/** With a payload codec, no failure says anything to those who have no codec: no name, no reason, no message, no stack. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { cancelSagaWorkflowId } from '../../domain/names';
import { CORPUS, corpusFiles } from '../../ops/replay/corpus';
import { ofFiles } from '../../ops/replay/history-sources';
import { replay } from '../../ops/replay/replay';
import { readConfig } from '../../platform/config';
import type { Placement } from '../../saga/contract';
import { encodedFailuresBundle } from '../../workers/bundle-path';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { auditOf } from '../support/invariants';
import { operatorCommand } from '../support/operator-command';
import { rawTextOf } from '../support/raw-saga';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';
import { startSystem, type TestSystem } from '../support/system';

const PAYLOAD_CODEC_PATH = path.join(ROOT, 'test/support/payload-codec.cjs');
const { dataConverter } = readConfig({ PAYLOAD_CODEC_PATH });

const OPERATOR = 'Grace Hopper';
const REASON = 'OPS-17: Ada cannot pay';

/** What a failure of the step, or of the saga, would give away. */
const SECRETS = [
  OPERATOR,
  REASON,
  'was given up',
  'its database answered',
  '42883',
  'release_credit',
  'sagaFailure',
  ROOT,
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-codec-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;
  let orderId: string;
  let sagaId: string;

  const command = (name: 'parked' | 'audit', ...args: string[]) =>
    operatorCommand(name, args, {
      TEMPORAL_ADDRESS: testServers().temporal.address,
      TEMPORAL_NAMESPACE: testServers().temporal.namespace,
      ORDER_DATABASE_URL: system.databases.orderUrl,
      CUSTOMER_DATABASE_URL: system.databases.customerUrl,
      PAYLOAD_CODEC_PATH,
    });

  beforeAll(async () => {
    system = await startSystem({ placement, dataConverter, order: { attentionAfterMs: 500 } });
    const customer = await newCustomer(system.url, '10.00');
    orderId = String((await placeOrder(system.url, customer, '1.00', WAIT)).body['orderId']);
    sagaId = cancelSagaWorkflowId(orderId);
    await rowsOf(system.databases.adminCustomerUrl, 'ALTER FUNCTION release_credit RENAME TO gone');
    await call(`${system.url}/orders/${orderId}/cancel`, 'POST');
  });
  afterAll(() => system.stop());

  const reveals = async () => {
    const raw = await rawTextOf(system.client, sagaId);
    return SECRETS.filter((secret) => raw.includes(secret));
  };

  test('a parked step, which the server retries: only those with the codec read why', async () => {
    const attention = await eventually(async () => {
      const { body } = await call(`${system.url}/orders/${orderId}`, 'GET');
      return body['attention'];
    });
    expect(attention).toMatchObject([{ reason: expect.stringContaining('its database answered 42883') }]);
    await eventually(async () => {
      const { raw } = await system.client.workflow.getHandle(sagaId).describe();
      return raw.pendingActivities?.[0]?.lastFailure ?? undefined;
    });
    expect(await reveals()).toEqual([]);
    expect((await command('parked')).stdout).toContain('its database answered 42883');
    const { needsAttention } = await auditOf(system.databases, { client: system.client }, 0);
    expect(needsAttention).toMatchObject([{ sagaId, needsAttention: ['release credit'] }]);
  });

  test('given up by an operator with a name and a reason: only those with the codec read them', async () => {
    const given = await command('parked', '--give-up', '--reason', REASON, '--by', OPERATOR);
    expect(given).toMatchObject({ code: 0, stdout: expect.stringContaining('1 given up') });
    await expect(system.client.workflow.getHandle(sagaId).result()).rejects.toMatchObject({
      cause: { message: expect.stringContaining(`was given up by ${OPERATOR}: ${REASON}`) },
    });
    expect(await reveals()).toEqual([]);
    const { body } = await call(`${system.url}/orders/${orderId}`, 'GET');
    expect(body['givenUp']).toMatchObject({ by: OPERATOR, reason: REASON });
  });

  test('the replay gate replays it with the codec', async () => {
    const file = path.join(folder, `${placement}.json`);
    writeFileSync(file, historyToJSON(await system.client.workflow.getHandle(sagaId).fetchHistory()));
    const { code, stdout } = await operatorCommand('replay', ['--history', file], { PAYLOAD_CODEC_PATH });
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 ')]);
  });
});

test('histories whose failures were recorded in clear still replay, and are read', async () => {
  const recorded = corpusFiles().filter((file) => /given-up|failed/.test(path.relative(CORPUS, file)));
  expect(recorded.length).toBeGreaterThan(10);
  const workflowBundle = { codePath: encodedFailuresBundle(testServers().bundlePath) };
  for await (const { workflowId, divergence, undecided } of replay(
    { workflowBundle, dataConverter },
    ofFiles(recorded),
  ))
    expect([workflowId, divergence, undecided]).toEqual([workflowId, undefined, undefined]);
});
