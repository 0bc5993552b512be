/** What is stored in a currency that ISO 4217 has withdrawn since is used as before; nothing new is stored in it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { createCustomer } from '../../activities/create-customer';
import { idToCreate } from '../../api/http/idempotency';
import { ANYBODY } from '../../api/http/principal';
import { sagaWorkflowId } from '../../domain/names';
import { runSaga } from '../../ops/repair/saga-reruns';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { rowsOf } from '../support/databases';
import { call, eventually, WAIT } from '../support/http';
import { violations } from '../support/invariants';
import { eventuallyInHistory } from '../support/order-history';
import { startSystem, type TestSystem } from '../support/system';

/** Withdrawn, and of another number of digits than most: a wrong one shows. */
const CURRENCY = 'BYR';
const money = (amount: string) => ({ amount, currency: CURRENCY });

let system: TestSystem;
/** Placed before the withdrawal, with the key of the same name. */
const orderIds = ['first', 'second'].map((key) => idToCreate(ANYBODY, key, 'order').id);
const [first = '', second = ''] = orderIds;
const customerId = idToCreate(ANYBODY, 'account', 'customer').id;

beforeAll(async () => {
  system = await startSystem({ history: true });
  const customers = createCustomerDatabase(system.databases.customerUrl);
  await createCustomer(customers, { customerId, name: 'Ada', creditLimitMinor: 5_000, currency: CURRENCY });
  await customers.$disconnect();
  for (const orderId of orderIds) await runOrder(orderId);
});
afterAll(() => system.stop());

/** As `npm run repair` runs it, or as the API did before the withdrawal. */
async function runOrder(orderId: string, currency = CURRENCY): Promise<void> {
  const sagaId = sagaWorkflowId([orderId]);
  const orders = [{ orderId, customerId, totalMinor: 1_500, currency }];
  const settings = {
    placement: 'colocated',
    attentionAfterMs: 60_000,
    settings: { creditCheckTimeoutMs: 60_000 },
  } as const;
  expect(await runSaga(system.client, { kind: 'create', sagaId, orders }, settings)).toBe(true);
  await system.client.workflow.getHandle(sagaId).result();
}

test('its orders and its customer are read and listed, everywhere', async () => {
  const order = { orderId: first, orderTotal: money('1500'), state: 'APPROVED' };
  const account = { creditLimit: money('5000'), reserved: money('3000'), available: money('2000') };
  expect((await call(`${system.url}/orders/${first}`, 'GET')).body).toMatchObject(order);
  const listed = await call(`${system.url}/orders?customerId=${customerId}`, 'GET');
  expect(listed.body['items']).toContainEqual(expect.objectContaining(order));
  const composed = await call(`${system.url}/customers/${customerId}?include=orders`, 'GET');
  expect(composed.body).toMatchObject(account);
  await eventuallyInHistory(system.url, customerId, (history) => {
    if (history.orders.items.length !== 2 || history.customer.reserved.amount !== '3000') return undefined;
    expect(history.customer).toMatchObject(account);
    expect(history.orders.items).toContainEqual(expect.objectContaining(order));
    return true;
  });
});

test('a new order and a new customer in it are refused, and nothing is stored', async () => {
  const error = { pointer: '/orderTotal/currency', detail: expect.stringContaining('BYR is withdrawn') };
  const order = await call(
    `${system.url}/orders`,
    'POST',
    { customerId, orderTotal: money('1') },
    { 'Idempotency-Key': 'new' },
  );
  expect([order.status, order.body['errors']]).toEqual([400, [error]]);
  const body = { name: 'Ada', creditLimit: money('1') };
  const customer = await call(`${system.url}/customers`, 'POST', body);
  expect([customer.status, customer.body['errors']]).toEqual([
    400,
    [{ ...error, pointer: '/creditLimit/currency' }],
  ]);
  expect(await rowsOf(system.databases.adminOrderUrl, 'SELECT FROM orders')).toHaveLength(2);
  expect(await rowsOf(system.databases.adminCustomerUrl, 'SELECT FROM customers')).toHaveLength(1);
});

test('a request from before the withdrawal, repeated with its key, gets its order and its customer', async () => {
  const again = (orderTotal: unknown) =>
    call(`${system.url}/orders`, 'POST', { customerId, orderTotal }, { 'Idempotency-Key': 'first', ...WAIT });
  const order = await again(money('1500'));
  expect([order.status, order.body]).toEqual([
    201,
    expect.objectContaining({ orderId: first, state: 'APPROVED' }),
  ]);
  expect((await again(money('1501'))).status).toBe(422);
  const key = { 'Idempotency-Key': 'account' };
  const customer = await call(
    `${system.url}/customers`,
    'POST',
    { name: 'Ada', creditLimit: money('5000') },
    key,
  );
  expect([customer.status, customer.body]).toEqual([201, expect.objectContaining({ customerId })]);
});

test('an order in it is cancelled, and its credit released', async () => {
  const cancelled = await call(`${system.url}/orders/${second}/cancel`, 'POST', undefined, WAIT);
  expect([cancelled.status, cancelled.body]).toEqual([
    200,
    expect.objectContaining({ state: 'CANCELLED', orderTotal: money('1500') }),
  ]);
  const account = await call(`${system.url}/customers/${customerId}`, 'GET');
  expect(account.body['available']).toEqual(money('3500'));
});

test('a saga in it is repaired, and the audit finds the rows, the events and the order history as they should be', async () => {
  await system.client.workflow.getHandle(sagaWorkflowId([first])).result();
  await runOrder(first);
  await eventually(async () => {
    const found = await violations(system.databases, { client: system.client, withHistory: true });
    return found.length === 0 ? true : undefined;
  });
});

test('no table and no step has a list of currencies: a code of a later version is stored and read', async () => {
  const orderId = newUuid();
  await runOrder(orderId, 'QQQ');
  const { body } = await call(`${system.url}/orders/${orderId}`, 'GET');
  expect(body).toMatchObject({
    orderTotal: { amount: '15.00', currency: 'QQQ' },
    cancellationReason: 'CURRENCY_MISMATCH',
  });
  await eventuallyInHistory(system.url, customerId, ({ orders }) =>
    orders.items.find((item) => item.orderId === orderId && item.state === 'CANCELLED'),
  );
});
