/** A part of a process that cannot do its work makes `/readyz` say so, until it can. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningService, startService } from '../../api/service';
import { createLogger } from '../../platform/logger';
import { proxyTo } from '../support/cuttable-proxy';
import { createTestDatabases, rowsOf } from '../support/databases';
import { call, eventually } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ databases: await createTestDatabases({ history: true }) });
});
afterAll(() => system.stop());

async function ready(url: string, status: number): Promise<Record<string, unknown>> {
  return eventually(async () => {
    const answer = await call(`${url}/readyz`, 'GET');
    return answer.status === status ? answer.body : undefined;
  });
}

test.each([
  ['orderRelay', 'adminOrderUrl'],
  ['customerRelay', 'adminCustomerUrl'],
] as const)('%s cannot publish', async (check, database) => {
  await ready(system.url, 200);
  await rowsOf(system.databases[database], 'ALTER TABLE outbox_relay RENAME TO elsewhere');
  const { checks } = await ready(system.url, 503);
  const failed = Object.entries(checks as object).filter(([, each]) => each !== 'ok');
  expect(failed).toEqual([[check, 'unavailable']]);
  await rowsOf(system.databases[database], 'ALTER TABLE elsewhere RENAME TO outbox_relay');
  await ready(system.url, 200);
});

test('the order history cannot read its feed', async () => {
  const line = await proxyTo(system.url);
  const settings = {
    ...system.settings,
    ...{ order: undefined, customer: undefined, temporal: undefined },
    history: { databaseUrl: system.databases.historyUrl, feedUrl: line.through(system.url) },
  };
  let history: RunningService | undefined;
  try {
    history = await startService(settings, createLogger('silent'));
    await ready(history.url, 200);
    await line.cut();
    expect(await ready(history.url, 503)).toMatchObject({
      checks: { historyDatabase: 'ok', historyFeed: 'unavailable' },
    });
    await line.restore();
    await ready(history.url, 200);
  } finally {
    await history?.stop();
    await line.close();
  }
});
