/** Parked steps in a group: each order's is its own, and a decision reaches every order that it is about. */
import { afterEach, expect, test } from '@jest/globals';
import { CREATE_ORDER_SAGA, sagaWorkflowId } from '../../domain/names';
import { GIVE_UP_STEP, PARKED_MEMO, type ParkedStep, RETRY_STEP } from '../../saga/contract';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder } from '../support/http';
import { operatorCommand } from '../support/operator-command';
import { hold, holdCustomer } from '../support/outages';
import { ordersOf, startOrders } from '../support/saga-workers';
import { testServers } from '../support/servers';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
afterEach(() => system.stop());

const GIVEN_UP = 5;

/** A full group, whose operators are in a hurry. */
const GROUP = 50;
const ROUNDS = 5;

/** As npm run parked, for an operator who may read the order database. */
function parked(...args: string[]) {
  const { temporal } = testServers();
  return operatorCommand('parked', args, {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    ORDER_DATABASE_URL: system.databases.orderUrl,
  });
}

const whenState = (orderId: string, state: string) =>
  eventually(async () => {
    const { body } = await call(`${system.url}/orders/${orderId}`, 'GET');
    return body['state'] === state ? state : undefined;
  });

const onCustomers = (statement: string) => rowsOf(system.databases.adminCustomerUrl, statement);

async function parkedBy(sagaId: string): Promise<readonly ParkedStep[]> {
  const { memo } = await system.client.workflow.getHandle(sagaId).describe();
  return (memo?.[PARKED_MEMO] ?? []) as ParkedStep[];
}

test('one order is parked and given up, the others end; a decision is sent by query', async () => {
  system = await startSystem();
  const customerId = await newCustomer(system.url, '10.00');
  const orders = ordersOf(customerId, 3);
  const [conflicting = '', ...others] = orders.map(({ orderId }) => orderId);
  const held = await holdCustomer(system.databases.adminCustomerUrl, customerId);
  const handle = await startOrders(system.client, orders, { settings: { creditCheckTimeoutMs: 500 } });
  for (const { orderId } of orders) await whenState(orderId, 'CANCELLED');
  await held.query(
    `INSERT INTO credit_reservations (order_id, customer_id, saga_id, amount_minor, currency, status)
     VALUES ($1, $2, 'by hand', 1, 'USD', 'RELEASED')`,
    [conflicting, customerId],
  );
  await held.release();
  await eventually(async () => {
    const [step] = await parkedBy(handle.workflowId);
    const { count } = await system.client.workflow.count('NeedsAttention IS NOT NULL');
    return step?.subjects.length === 1 && count === 1 ? true : undefined;
  });
  const { code, stdout } = await parked();
  expect(code).toBe(1);
  expect(stdout).toContain(`1 waiting (${conflicting}): credit is reserved with other content`);

  const [other = ''] = others;
  expect((await parked('--retry', '--order', other)).stdout).toMatch(
    new RegExp(`refused: no step of order ${other} is parked`),
  );
  expect((await parked('--retry', '--by', '')).stderr).toContain('"by" must be a text');
  expect((await parked('--give-up', '--reason', ' ')).stderr).toContain('"reason" must be a text');

  const query = `NeedsAttention = 'release credit' AND WorkflowType = '${CREATE_ORDER_SAGA}'`;
  const given = await parked('--give-up', '--reason', 'OPS-18', '--query', query);
  expect(given.stdout).toContain(`given up: ${conflicting}\n`);
  await expect(handle.result()).rejects.toMatchObject({
    cause: { type: 'SagaFailed', message: expect.stringContaining('1 of 3 failed') },
  });
  for (const id of others)
    expect(await onCustomers(`SELECT status FROM credit_reservations WHERE order_id = '${id}'`)).toEqual([
      { status: 'RELEASED' },
    ]);
  expect(await parked()).toMatchObject({ code: 0, stdout: '0 parked\n' });
});

test('five orders given up at once: each has its own record and its own event', async () => {
  system = await startSystem();
  const customerId = await newCustomer(system.url, '10.00');
  const held = await holdCustomer(system.databases.adminCustomerUrl, customerId);
  const orders = ordersOf(customerId, GIVEN_UP);
  const handle = await startOrders(system.client, orders, {
    settings: { creditCheckTimeoutMs: 300 },
    parkAfterMs: 300,
  });
  await eventually(async () =>
    (await parkedBy(handle.workflowId))[0]?.subjects.length === GIVEN_UP ? true : undefined,
  );
  await parked('--give-up', '--reason', 'OPS-21', '--by', 'grace');
  await expect(handle.result()).rejects.toMatchObject({
    cause: { message: expect.stringContaining('5 of 5 failed') },
  });
  await held.release();
  const rows = await rowsOf(system.databases.adminOrderUrl, 'SELECT id, order_id FROM given_up_steps');
  const events = await rowsOf(
    system.databases.adminOrderUrl,
    "SELECT data->>'orderId' AS id FROM outbox WHERE type = 'SagaStepGivenUp'",
  );
  const ids = orders.map(({ orderId }) => orderId).sort();
  expect(rows.map((row) => row['order_id']).sort()).toEqual(ids);
  expect(events.map(({ id }) => id).sort()).toEqual(ids);
  for (const orderId of ids)
    expect((await call(`${system.url}/orders/${orderId}`, 'GET')).body).toMatchObject({
      givenUp: { step: 'release credit', by: 'grace', reason: 'OPS-21' },
    });
});

test('rounds of fifty retries at once, then fifty decisions: none is lost, and the saga ends', async () => {
  system = await startSystem();
  const customerId = await newCustomer(system.url, '100.00');
  const held = await holdCustomer(system.databases.adminCustomerUrl, customerId);
  const orders = ordersOf(customerId, GROUP);
  const handle = await startOrders(system.client, orders, {
    settings: { creditCheckTimeoutMs: 300 },
    parkAfterMs: 300,
  });
  await eventually(async () =>
    (await parkedBy(handle.workflowId))[0]?.subjects.length === GROUP ? true : undefined,
  );
  const send = (signal: string, request: object) =>
    Promise.all(
      orders.map(({ orderId: subject }) => handle.signal(signal, { by: 'grace', subject, ...request })),
    );
  for (let round = 0; round < ROUNDS; round += 1) await send(RETRY_STEP, {});
  await send(GIVE_UP_STEP, { reason: 'OPS-22' });
  const current = system.client.workflow.getHandle(handle.workflowId);
  await expect(current.result()).rejects.toMatchObject({
    cause: { message: expect.stringContaining('50 of 50 failed') },
  });
  await held.release();
  const rows = await rowsOf(system.databases.adminOrderUrl, 'SELECT DISTINCT order_id FROM given_up_steps');
  expect(rows).toHaveLength(GROUP);
});

test('the success of another order does not hide a step that is still parked', async () => {
  system = await startSystem();
  const [first, second] = [await newCustomer(system.url, '10.00'), await newCustomer(system.url, '10.00')];
  const locks = [first, second].map((customer) => holdCustomer(system.databases.adminCustomerUrl, customer));
  const [heldFirst, heldSecond] = await Promise.all(locks);
  const orders = [...ordersOf(first, 2), ...ordersOf(second, 2)];
  const { workflowId } = await startOrders(system.client, orders, {
    settings: { creditCheckTimeoutMs: 300 },
    parkAfterMs: 300,
    longestPauseMs: 200,
  });
  const waiting = async (count: number) =>
    eventually(async () => {
      const [step] = await parkedBy(workflowId);
      return step?.subjects.length === count ? step.subjects : undefined;
    });
  await waiting(4);
  await heldFirst?.release();
  const left = orders.slice(2).map(({ orderId }) => orderId);
  expect([...(await waiting(2))].sort()).toEqual(left.sort());
  expect((await parked()).stdout).toContain('2 waiting');
  await heldSecond?.release();
  await system.client.workflow.getHandle(workflowId).result();
  expect(await parkedBy(workflowId)).toEqual([]);
});

test('given up while an attempt is under way', async () => {
  system = await startSystem({ order: { attentionAfterMs: 500, creditCheckTimeoutMs: 500 } });
  const customer = await newCustomer(system.url, '10.00');
  const held = await hold(system.databases.adminCustomerUrl, 'LOCK TABLE credit_reservations');
  const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
  const sagaId = sagaWorkflowId([orderId]);
  await eventually(async () => ((await parkedBy(sagaId)).length > 0 ? true : undefined));
  await eventually(async () => {
    const waiting = await onCustomers(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return waiting.length > 0 ? true : undefined;
  });
  expect((await parked('--give-up', '--reason', 'OPS-19', '--order', orderId)).stdout).toContain(
    '1 given up',
  );
  await expect(system.client.workflow.getHandle(sagaId).result()).rejects.toMatchObject({
    cause: { type: 'SagaFailed', cause: { type: 'SagaGivenUp' } },
  });
  await held.release();
});
