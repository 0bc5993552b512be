/**
 * The whole system with PAYLOAD_ENCRYPTION_KEYS: what Temporal keeps tells nothing of an order but its id, operators see and
 * do what they did, and a rotation of the keys is noticed by no saga.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cancelSagaWorkflowId, sagaWorkflowId } from '../../domain/names';
import { readConfig } from '../../platform/config';
import type { Placement } from '../../saga/contract';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { NEW, OLD } from '../support/encryption-keys';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { auditOf, becomesClean } from '../support/invariants';
import { operatorCommand } from '../support/operator-command';
import { holdCustomer } from '../support/outages';
import { keyIdsOf, rawPayloadsOf } from '../support/raw-payloads';
import { rawTextOf } from '../support/raw-saga';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';
import { startSystem, type TestSystem } from '../support/system';

/** Nine digits, which no ciphertext has by chance. */
const AMOUNT = '7310517.83';
const AMOUNT_MINOR = '731051783';

/** What a failed step would give away: messages, types, the statement, the stack. */
const OF_FAILURES = ['its database answered', '42883', 'release_credit', 'sagaFailure', ROOT];

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let databases: TestDatabases;
  let system: TestSystem;
  let customer: string;
  let orderId: string;

  /** The databases outlive the system: another one continues with them. */
  const startWith = (keys: string) =>
    startSystem({
      placement,
      databases: { ...databases, drop: () => Promise.resolve() },
      dataConverter: readConfig({ PAYLOAD_ENCRYPTION_KEYS: keys }).dataConverter,
      order: { attentionAfterMs: 500 },
    });
  const command = (name: 'parked' | 'audit' | 'replay', args: readonly string[], keys: string) =>
    operatorCommand(name, args, {
      TEMPORAL_ADDRESS: testServers().temporal.address,
      TEMPORAL_NAMESPACE: testServers().temporal.namespace,
      ORDER_DATABASE_URL: databases.orderUrl,
      CUSTOMER_DATABASE_URL: databases.customerUrl,
      PAYLOAD_ENCRYPTION_KEYS: keys,
    });
  const order = async () => (await call(`${system.url}/orders/${orderId}`, 'GET')).body;
  const becomes = (state: string) =>
    eventually(async () => ((await order())['state'] === state ? true : undefined));
  const replayed = (workflowId: string, keys: string) =>
    command('replay', ['--query', `WorkflowId = '${workflowId}'`], keys);

  beforeAll(async () => {
    databases = await createTestDatabases({ history: true });
    system = await startWith(OLD);
    customer = await newCustomer(system.url, '90000000.00');
    orderId = String((await placeOrder(system.url, customer, AMOUNT, WAIT)).body['orderId']);
    await becomes('APPROVED');
    await system.client.workflow.getHandle(sagaWorkflowId([orderId])).result();
  });
  afterAll(async () => {
    await system.stop();
    await databases.drop();
  });

  const decoded = async (workflowId: string, headers: Record<string, string> = {}) => {
    const payloads = await rawPayloadsOf(system.client, workflowId);
    const answer = await call(`${system.url}/codec/decode`, 'POST', { payloads }, headers);
    const text = JSON.stringify(answer.body['payloads'] ?? []).matchAll(/"data":"([^"]*)"/g);
    return {
      ...answer,
      text: Array.from(text, ([, data = '']) => Buffer.from(data, 'base64').toString()).join('\n'),
    };
  };

  test('of an order that ran, Temporal has the id in clear, and nothing else', async () => {
    const sagaId = sagaWorkflowId([orderId]);
    const raw = await rawTextOf(system.client, sagaId);
    expect(raw).toContain(orderId);
    const secrets = [customer, AMOUNT_MINOR, 'totalMinor', 'currency', 'APPROVED', 'outcome'];
    expect(secrets.filter((secret) => raw.includes(secret))).toEqual([]);
    expect(keyIdsOf(await rawPayloadsOf(system.client, sagaId))).toEqual(['2025']);
  });

  test('the codec server shows it, to the page of the Temporal UI and for its namespace', async () => {
    const { namespace } = testServers().temporal;
    const headers = { Origin: 'http://localhost:8233', 'X-Namespace': namespace };
    const answer = await decoded(sagaWorkflowId([orderId]), headers);
    expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([200, headers.Origin]);
    for (const shown of [customer, AMOUNT_MINOR, 'totalMinor']) expect(answer.text).toContain(shown);
  });

  test('the replay gate replays it from the server; without the key it decides nothing', async () => {
    const sagaId = sagaWorkflowId([orderId]);
    const { code, stdout } = await replayed(sagaId, OLD);
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 ')]);
    const without = await replayed(sagaId, '');
    expect(without.stdout).toMatch(/not decided: its payloads are encoded .*PAYLOAD_ENCRYPTION_KEYS/);
    const other = await replayed(sagaId, NEW);
    expect(other.stdout).toMatch(/not decided: its payloads cannot be decoded: .* the key "2025"/);
    expect([without.code, other.code]).toEqual([2, 2]);
  });

  test('a parked saga is seen, audited and retried; its failures are in clear nowhere', async () => {
    const sagaId = cancelSagaWorkflowId(orderId);
    await rowsOf(databases.adminCustomerUrl, 'ALTER FUNCTION release_credit RENAME TO gone');
    await call(`${system.url}/orders/${orderId}/cancel`, 'POST');
    await eventually(async () => (await order())['attention']);
    await eventually(async () => {
      const { raw } = await system.client.workflow.getHandle(sagaId).describe();
      return raw.pendingActivities?.[0]?.lastFailure ?? undefined;
    });
    const raw = await rawTextOf(system.client, sagaId);
    expect(OF_FAILURES.filter((secret) => raw.includes(secret))).toEqual([]);
    expect((await command('parked', [], OLD)).stdout).toContain('its database answered 42883');
    const { needsAttention } = await auditOf(databases, { client: system.client }, 0);
    expect(needsAttention).toMatchObject([{ sagaId, needsAttention: ['release credit'] }]);
    expect((await command('audit', ['--json'], OLD)).stdout).toContain(sagaId);
    await rowsOf(databases.adminCustomerUrl, 'ALTER FUNCTION gone RENAME TO release_credit');
    expect((await command('parked', ['--retry', '--by', 'ada'], OLD)).stdout).toMatch(/1 parked, 1 /);
    await becomes('CANCELLED');
    await system.client.workflow.getHandle(sagaId).result();
    expect((await replayed(sagaId, OLD)).code).toBe(0);
  });

  test('a rotation: sagas under way continue with the new key, and need the old one for what it encrypted', async () => {
    const lock = await holdCustomer(databases.adminCustomerUrl, customer);
    orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
    const sagaId = sagaWorkflowId([orderId]);
    await becomes('PENDING');
    await system.stop();
    system = await startWith(`${NEW},${OLD}`);
    await lock.release();
    await becomes('APPROVED');
    await system.client.workflow.getHandle(sagaId).result();
    expect(keyIdsOf(await rawPayloadsOf(system.client, sagaId))).toEqual(['2025', '2026']);
    expect((await decoded(sagaId)).text).toContain(customer);
    expect((await replayed(sagaId, `${NEW},${OLD}`)).code).toBe(0);
    expect((await replayed(sagaId, NEW)).stdout).toMatch(/not decided: .* the key "2025"/);
    await becomesClean(databases, { client: system.client });
  });
});
