/** A service does not start in a namespace that cannot run sagas. The error is one line that names the remedy. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { temporal } from '@temporalio/proto';
import { ConfigError } from '../../platform/config-error';
import { connectTemporal, type TemporalLink } from '../../platform/temporal';
import { prepareTemporal } from '../../platform/temporal-namespace';
import { SEARCH_ATTRIBUTES } from '../../workers/search-attributes';
import { testServers } from '../support/servers';

const { INDEXED_VALUE_TYPE_KEYWORD: KEYWORD, INDEXED_VALUE_TYPE_KEYWORD_LIST: KEYWORD_LIST } =
  temporal.api.enums.v1.IndexedValueType;

const AT_ONCE = 4;

const { temporal: target } = testServers();
const { namespace } = target;
let link: TemporalLink;

beforeAll(async () => {
  link = await connectTemporal(target);
});
afterAll(() => link.connection.close());

async function typeOf(attribute: string) {
  const { customAttributes } = await link.connection.operatorService.listSearchAttributes({ namespace });
  return customAttributes[attribute];
}

async function remove(attribute: string): Promise<void> {
  await link.connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: [attribute] });
  expect(await typeOf(attribute)).toBeUndefined();
}

test.each(SEARCH_ATTRIBUTES)('%s with another type', async (attribute) => {
  await remove(attribute);
  await link.connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: { [attribute]: KEYWORD },
  });
  await expect(prepareTemporal(target, SEARCH_ATTRIBUTES)).rejects.toThrow(
    new ConfigError(
      `TEMPORAL_NAMESPACE ${namespace} cannot be used: its search attribute ${attribute} has type KEYWORD, and must be a ` +
        `KeywordList; remove it, and start again: temporal operator search-attribute remove --namespace ${namespace} --name ${attribute}`,
    ),
  );
  await remove(attribute);
  await prepareTemporal(target, SEARCH_ATTRIBUTES);
  expect(await typeOf(attribute)).toBe(KEYWORD_LIST);
});

test('any number of processes register what is missing at once', async () => {
  for (const attribute of SEARCH_ATTRIBUTES) await remove(attribute);
  await Promise.all(Array.from({ length: AT_ONCE }, () => prepareTemporal(target, SEARCH_ATTRIBUTES)));
  for (const attribute of SEARCH_ATTRIBUTES) expect(await typeOf(attribute)).toBe(KEYWORD_LIST);
});

test('a namespace that does not exist', async () => {
  await expect(prepareTemporal({ ...target, namespace: 'nowhere' }, SEARCH_ATTRIBUTES)).rejects.toThrow(
    new ConfigError(
      'TEMPORAL_NAMESPACE nowhere does not exist; create it: temporal operator namespace create --namespace nowhere',
    ),
  );
});
