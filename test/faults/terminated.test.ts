/** An operator's Terminate: the order is shown as it is, and repair brings it to its end. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { cancelSagaWorkflowId } from '../../domain/names';
import { brokenSagas, startAgain } from '../../ops/repair/saga-reruns';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { violations } from '../support/invariants';
import { operatorCommand } from '../support/operator-command';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
let holder: Client;
let customer: string;

beforeEach(async () => {
  system = await startSystem();
  customer = await newCustomer(system.url, '10.00');
  holder = new Client({ connectionString: system.databases.adminCustomerUrl });
  await holder.connect();
});
afterEach(async () => {
  await holder.end();
  await system.stop();
});

/** Its orders wait for their credit. */
async function lockCustomer(): Promise<void> {
  await holder.query('BEGIN');
  await holder.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [customer]);
}

async function order(orderId: string) {
  return (await call(`${system.url}/orders/${orderId}`, 'GET')).body;
}

async function whenState(orderId: string, state: string) {
  return eventually(async () => ((await order(orderId))['state'] === state ? state : undefined));
}

/** Terminates the saga, and waits until the list of sagas knows. */
async function terminate(sagaId: string): Promise<void> {
  await system.client.workflow.getHandle(sagaId).terminate('by an operator');
  await eventually(async () => {
    for await (const { sagaId: broken } of brokenSagas(system.client)) if (broken === sagaId) return true;
    return undefined;
  });
}

/** Runs the repair as an operator. @returns the sagas that it reports as started again */
async function repair(): Promise<string[]> {
  const { code, stdout, stderr } = await operatorCommand('repair', ['--apply', '--grace', '0.5'], {
    ORDER_DATABASE_URL: system.databases.orderUrl,
    CUSTOMER_DATABASE_URL: system.databases.customerUrl,
    TEMPORAL_ADDRESS: system.settings.temporal?.address ?? '',
    TEMPORAL_NAMESPACE: system.settings.temporal?.namespace ?? '',
  });
  const started = [...stdout.matchAll(/^(\S+): TERMINATED; started again$/gm)].map(([, sagaId]) =>
    String(sagaId),
  );
  expect([code, stderr, stdout.split('\n').at(-2)]).toEqual([
    0,
    '',
    `${String(started.length)} started again, 0 could be (--apply), 0 for a person to look at`,
  ]);
  return started;
}

/** For the databases, and for Temporal. */
async function idleAndClean(): Promise<void> {
  const { databases, client } = system;
  await eventually(async () =>
    (await violations(databases, { client })).length === 0 ? true : undefined,
  ).catch(() => undefined);
  expect(await violations(databases, { client })).toEqual([]);
}

test('while the order waits for credit: PENDING, and approved after the repair', async () => {
  await lockCustomer();
  const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
  await terminate(`order-${orderId}`);
  expect(await order(orderId)).toMatchObject({ state: 'PENDING' });
  await holder.query('ROLLBACK');
  expect(await repair()).toEqual([`order-${orderId}`]);
  await whenState(orderId, 'APPROVED');
  await idleAndClean();
  expect(await repair()).toEqual([]);
});

test('two repairs at once: the second finds the saga running', async () => {
  await lockCustomer();
  const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
  await terminate(`order-${orderId}`);
  for await (const saga of brokenSagas(system.client)) {
    expect(await startAgain(system.client, saga)).toBe(true);
    expect(await startAgain(system.client, saga)).toBe(false);
  }
  await holder.query('ROLLBACK');
  await whenState(orderId, 'APPROVED');
  await idleAndClean();
});

test('after an accepted cancellation, before the release: the credit is free after the repair', async () => {
  await lockCustomer();
  const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
  expect((await call(`${system.url}/orders/${orderId}/cancel`, 'POST', undefined, WAIT)).status).toBe(200);
  await terminate(`order-${orderId}`);
  await holder.query('ROLLBACK');
  expect(await repair()).toEqual([`order-${orderId}`]);
  const { status } = await eventually(async () => {
    const described = await system.client.workflow.getHandle(`order-${orderId}`).describe();
    return described.status.name === 'RUNNING' ? undefined : described;
  });
  expect([status.name, (await order(orderId))['cancellationReason']]).toEqual([
    'COMPLETED',
    'CUSTOMER_REQUEST',
  ]);
  await idleAndClean();
});

test('while an approved order is CANCELLING: reads show that, and it is CANCELLED after the repair', async () => {
  const orderId = String((await placeOrder(system.url, customer, '1.00', WAIT)).body['orderId']);
  await lockCustomer();
  expect((await call(`${system.url}/orders/${orderId}/cancel`, 'POST')).status).toBe(202);
  await whenState(orderId, 'CANCELLING');
  await terminate(cancelSagaWorkflowId(orderId));
  expect(await order(orderId)).toMatchObject({ state: 'CANCELLING' });
  await holder.query('ROLLBACK');
  expect(await repair()).toEqual([cancelSagaWorkflowId(orderId)]);
  await whenState(orderId, 'CANCELLED');
  await idleAndClean();
});

test('an order without a saga can be cancelled', async () => {
  await lockCustomer();
  const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
  await terminate(`order-${orderId}`);
  expect((await call(`${system.url}/orders/${orderId}/cancel`, 'POST')).status).toBe(202);
  expect(await order(orderId)).toMatchObject({ state: 'CANCELLED', cancellationReason: 'CUSTOMER_REQUEST' });
  await holder.query('ROLLBACK');
  expect(await repair()).toEqual([`order-${orderId}`]);
  await idleAndClean();
});
