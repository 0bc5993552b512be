import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rowsOf } from '../support/databases';
import { call, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

const usd = (amount: string) => ({ amount, currency: 'USD' });

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

const create = (body: unknown, headers?: Record<string, string>) =>
  call(`${system.url}/customers`, 'POST', body, headers);

test('a new customer has its whole limit available', async () => {
  const { status, headers, body } = await create({
    name: '  Grace \u{1F680} O\u2019Neil ',
    creditLimit: usd('250.00'),
  });
  expect(status).toBe(201);
  expect(headers.get('Location')).toBe(`/customers/${String(body['customerId'])}`);
  expect(body).toEqual({
    customerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    name: 'Grace \u{1F680} O\u2019Neil',
    creditLimit: usd('250.00'),
    reserved: usd('0.00'),
    available: usd('250.00'),
  });
  const read = await call(`${system.url}${String(headers.get('Location'))}`, 'GET');
  expect([read.status, read.body]).toEqual([200, body]);
});

test.each([
  ['USD', '0.00'],
  ['JPY', '500'],
  ['BHD', '1.005'],
  ['CLF', '1.0005'],
])('a limit in %s is returned with the minor digits of its currency', async (currency, amount) => {
  const { status, body } = await create({ name: 'Ada', creditLimit: { amount, currency } });
  expect(status).toBe(201);
  expect(body['available']).toEqual({ amount, currency });
});

test.each([
  [''],
  ['   '],
  ['x'.repeat(201)],
  ['line\nbreak'],
  ['nul\0'],
  ['half \ud83d'],
  [7],
  [null],
  [undefined],
])('the name %j is refused', async (name) => {
  const { status, body } = await create({ name, creditLimit: usd('1.00') });
  expect(status).toBe(400);
  expect(body['errors']).toMatchObject([{ pointer: '/name' }]);
});

test('the same Idempotency-Key 20 times at once: one customer, one event, one answer', async () => {
  const key = { 'Idempotency-Key': randomUUID() };
  const body = { name: 'Ada', creditLimit: usd('10.00') };
  const answers = await Promise.all(Array.from({ length: 20 }, () => create(body, key)));
  expect(new Set(answers.map((answer) => JSON.stringify([answer.status, answer.body]))).size).toBe(1);
  const [first] = answers;
  const id = String(first?.body['customerId']);
  const events = await rowsOf(
    system.databases.adminCustomerUrl,
    'SELECT type FROM outbox WHERE aggregate_id = $1',
    [id],
  );
  expect(events).toEqual([{ type: 'CustomerCreated' }]);
  // A repeated request gets the first answer, although credit was reserved meanwhile.
  await placeOrder(system.url, id, '4.00', WAIT);
  const again = await create(body, key);
  expect([again.status, again.body]).toEqual([201, first?.body]);
  for (const other of [
    { ...body, name: 'Eve' },
    { ...body, creditLimit: usd('10.01') },
    { ...body, creditLimit: { amount: '10.00', currency: 'EUR' } },
  ]) {
    const refused = await create(other, key);
    expect([refused.status, refused.body['type']]).toEqual([422, '/problems/idempotency-key-reused']);
  }
});

test('one key creates an order and a customer that are independent', async () => {
  const key = { 'Idempotency-Key': randomUUID() };
  const { body: customer } = await create({ name: 'Ada', creditLimit: usd('10.00') }, key);
  const { status, body: order } = await placeOrder(system.url, String(customer['customerId']), '1.00', key);
  expect(status).toBe(202);
  expect(order['orderId']).not.toBe(customer['customerId']);
});

test("a customer's orders are its own, newest first, and can be filtered by state", async () => {
  const [ada, eve] = [await newCustomer(system.url, '10.00'), await newCustomer(system.url, '10.00')];
  const approved = await placeOrder(system.url, ada, '8.00', WAIT);
  const refused = await placeOrder(system.url, ada, '8.00', WAIT);
  await placeOrder(system.url, eve, '1.00', WAIT);
  const list = async (query: string) =>
    (await call(`${system.url}/customers/${ada}/orders${query}`, 'GET')).body;
  expect(await list('')).toEqual({ items: [refused.body, approved.body], nextCursor: null });
  expect(await list('?state=APPROVED')).toEqual({ items: [approved.body], nextCursor: null });
  const same = await call(`${system.url}/orders?customerId=${ada.toUpperCase()}&state=CANCELLED`, 'GET');
  expect(same.body).toEqual({ items: [refused.body], nextCursor: null });
});

test('the orders of an unknown customer are an empty page', async () => {
  const { status, body } = await call(`${system.url}/customers/${randomUUID()}/orders`, 'GET');
  expect([status, body]).toEqual([200, { items: [], nextCursor: null }]);
});
