/** Idempotency-Key across processes: two services on the same databases and the same Temporal. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type RunningService, startService } from '../../api/service';
import { rowsOf } from '../support/databases';
import { call, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
let second: RunningService;
let urls: readonly string[];
let customer: string;

beforeAll(async () => {
  system = await startSystem();
  second = await startService(system.settings, pino({ level: 'fatal' }));
  urls = [system.url, second.url];
  customer = await newCustomer(system.url, '1000.00');
});
afterAll(async () => {
  await second.stop();
  await system.stop();
});

const key = () => ({ 'Idempotency-Key': randomUUID() });
const of20 = <T>(make: (url: string, index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 20 }, (_, index) => make(String(urls[index % 2]), index)));
const distinct = (answers: readonly { status: number; body: object }[]) =>
  new Set(answers.map(({ status, body }) => JSON.stringify([status, body])));

test('20 requests at once to two services: one order, one creation event, one answer', async () => {
  const headers = key();
  const answers = await of20((url) => placeOrder(url, customer, '5.00', headers));
  expect([...distinct(answers)]).toHaveLength(1);
  expect(answers[0]).toMatchObject({ status: 202, body: { state: 'PENDING' } });
  const id = answers[0]?.body['orderId'];
  const final = await placeOrder(second.url, customer, '5.00', { ...headers, ...WAIT });
  expect(final).toMatchObject({ status: 201, body: { orderId: id, state: 'APPROVED' } });
  const events = await rowsOf(
    system.databases.adminOrderUrl,
    'SELECT type FROM outbox WHERE aggregate_id = $1 ORDER BY sequence',
    [id],
  );
  expect(events).toEqual([{ type: 'OrderCreated' }, { type: 'OrderApproved' }]);
  const reserved = await rowsOf(
    system.databases.adminCustomerUrl,
    'SELECT amount_minor::int AS amount FROM credit_reservations WHERE order_id = $1',
    [id],
  );
  expect(reserved).toEqual([{ amount: 500 }]);
});

test('20 waiting requests at two services: one final answer', async () => {
  const headers = { ...key(), ...WAIT };
  const answers = await of20((url) => placeOrder(url, customer, '5.00', headers));
  expect([...distinct(answers)]).toHaveLength(1);
  expect(answers[0]).toMatchObject({ status: 201, body: { state: 'APPROVED' } });
});

test('two bodies with one key at two services at once: one is placed, the other is refused', async () => {
  const headers = key();
  const answers = await of20((url, index) =>
    placeOrder(url, customer, index % 4 < 2 ? '1.00' : '2.00', headers),
  );
  const placed = answers.filter(({ status }) => status === 202);
  const refused = answers.filter(({ status }) => status === 422);
  expect([placed.length, refused.length]).toEqual([10, 10]);
  expect([...distinct(placed)]).toHaveLength(1);
  expect(refused[0]?.body).toMatchObject({ type: '/problems/idempotency-key-reused' });
});

test('every part of the body counts: customer, amount, currency', async () => {
  const headers = key();
  const other = await newCustomer(system.url, '10.00');
  expect((await placeOrder(system.url, customer, '1.00', headers)).status).toBe(202);
  const yen = { customerId: customer, orderTotal: { amount: '100', currency: 'JPY' } };
  const attempts = [
    placeOrder(second.url, other, '1.00', headers),
    placeOrder(second.url, customer, '1.01', headers),
    call(`${second.url}/orders`, 'POST', yen, headers),
  ];
  expect((await Promise.all(attempts)).map(({ status }) => status)).toEqual([422, 422, 422]);
  expect((await placeOrder(second.url, customer, '1.00', headers)).status).toBe(202);
});

test('a repeated request for a refused order gets the first answer', async () => {
  const headers = key();
  const poor = await newCustomer(system.url, '0.00');
  const first = await placeOrder(system.url, poor, '1.00', { ...headers, ...WAIT });
  expect(first).toMatchObject({ status: 201, body: { cancellationReason: 'INSUFFICIENT_CREDIT' } });
  const again = await placeOrder(second.url, poor, '1.00', { ...headers, ...WAIT });
  expect([again.status, again.body]).toEqual([first.status, first.body]);
  const withoutWait = await placeOrder(second.url, poor, '1.00', headers);
  expect(withoutWait.status).toBe(202);
  expect(withoutWait.body).toMatchObject({ state: 'PENDING', updatedAt: first.body['createdAt'] });
  expect(withoutWait.body).not.toHaveProperty('cancellationReason');
});

test('the other service reads an acknowledged order at once', async () => {
  const reads = await of20(async (url, index) => {
    const { body } = await placeOrder(url, customer, '1.00');
    return call(`${String(urls[(index + 1) % 2])}/orders/${String(body['orderId'])}`, 'GET');
  });
  expect(reads.map(({ status }) => status)).toEqual(reads.map(() => 200));
});
