/** What one customer may have: undecided orders, and a largest order. Of several clients and processes, too. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { call, eventually, newCustomer } from '../support/http';
import { hold, type Lock } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

const OPEN_MAX = 3;
const LARGEST = 50;

let system: TestSystem;
let held: Lock | undefined;

beforeAll(async () => {
  system = await startSystem({
    placement: 'distributed',
    order: { openOrdersPerCustomerMax: OPEN_MAX, orderTotalMax: LARGEST },
  });
});
afterEach(() => release());
afterAll(() => system.stop());

const place = (customerId: string, headers: Record<string, string> = {}, amount = '1.00', currency = 'USD') =>
  call(`${system.url}/orders`, 'POST', { customerId, orderTotal: { amount, currency } }, headers);
const statuses = (answers: readonly { status: number }[]) => answers.map(({ status }) => status).sort();
const holdCredit = async () => (held = await hold(system.databases.adminCustomerUrl, 'LOCK TABLE customers'));

const release = async () => {
  await held?.release();
  held = undefined;
};

test('a customer with as many undecided orders as it may have gets 429, others do not, and it may again afterwards', async () => {
  const customerId = await newCustomer(system.url, '1000.00');
  await holdCredit();
  const key = { 'Idempotency-Key': randomUUID() };
  const first = await place(customerId, key);
  const others = await Promise.all(Array.from({ length: 2 * OPEN_MAX }, () => place(customerId)));
  expect(first.status).toBe(202);
  expect(statuses(others)).toEqual([202, 202, 429, 429, 429, 429]);
  const refused = await place(customerId);
  expect(refused.body).toMatchObject({ type: '/problems/too-many-open-orders', status: 429 });
  expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
  expect((await place(customerId, key)).body['orderId']).toBe(first.body['orderId']);
  expect((await place(randomUUID())).status).toBe(202);
  await release();
  await eventually(async () => {
    const { body } = await call(`${system.url}/customers/${customerId}/orders?state=PENDING`, 'GET');
    return Array.isArray(body['items']) && body['items'].length === 0 ? true : undefined;
  });
  for (let count = 0; count <= OPEN_MAX; count += 1)
    expect((await place(customerId, { Prefer: 'wait=20' })).status).toBe(201);
});

test('a process that has just started counts the orders that are there', async () => {
  const customerId = await newCustomer(system.url, '1000.00');
  await holdCredit();
  for (let count = 0; count < OPEN_MAX; count += 1) expect((await place(customerId)).status).toBe(202);
  const another = await startSystem({
    placement: 'distributed',
    databases: system.databases,
    order: { openOrdersPerCustomerMax: OPEN_MAX },
  });
  const body = { customerId, orderTotal: { amount: '1.00', currency: 'USD' } };
  expect((await call(`${another.url}/orders`, 'POST', body)).status).toBe(429);
  await release();
  // Not its databases.
  await another.stopService();
  await another.stopCustomerService();
});

test.each([
  ['50.00', 'USD', 202],
  ['50.01', 'USD', 400],
  ['50', 'JPY', 202],
  ['51', 'JPY', 400],
  ['50.000', 'KWD', 202],
  ['50.001', 'KWD', 400],
])('an order of %s %s: %d', async (amount, currency, status) => {
  const answer = await place(randomUUID(), {}, amount, currency);
  expect(answer.status).toBe(status);
  if (status === 400)
    expect(answer.body).toMatchObject({
      type: '/problems/invalid-request',
      errors: [{ pointer: '/orderTotal/amount', detail: expect.stringMatching(/^must be at most 50/) }],
    });
});
