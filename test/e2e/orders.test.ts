import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

test('an order within the credit limit is approved, and reserves its amount', async () => {
  const customer = await newCustomer(system.url, '100.00');
  const { status, headers, body } = await placeOrder(system.url, customer, '42.50', WAIT);
  expect(status).toBe(201);
  expect(headers.get('Location')).toBe(`/orders/${String(body['orderId'])}`);
  expect(headers.get('Preference-Applied')).toBe('wait=20');
  expect(body).toMatchObject({
    state: 'APPROVED',
    customerId: customer,
    orderTotal: { amount: '42.50', currency: 'USD' },
  });
  const { body: read } = await call(`${system.url}/orders/${String(body['orderId'])}`, 'GET');
  expect(read).toEqual(body);
  const { body: account } = await call(`${system.url}/customers/${customer}`, 'GET');
  expect(account).toMatchObject({
    reserved: { amount: '42.50' },
    available: { amount: '57.50' },
    creditLimit: { amount: '100.00' },
  });
});

test('an order of exactly the limit is approved; one minor unit more is refused', async () => {
  const customer = await newCustomer(system.url, '10.00');
  expect((await placeOrder(system.url, customer, '10.01', WAIT)).body).toMatchObject({
    state: 'CANCELLED',
    cancellationReason: 'INSUFFICIENT_CREDIT',
  });
  expect((await placeOrder(system.url, customer, '10.00', WAIT)).body).toMatchObject({ state: 'APPROVED' });
  expect((await placeOrder(system.url, customer, '0.01', WAIT)).body).toMatchObject({ state: 'CANCELLED' });
});

test('an unknown customer and another currency are refused with their reasons', async () => {
  const { body: unknown } = await placeOrder(system.url, randomUUID(), '1.00', WAIT);
  expect(unknown).toMatchObject({ state: 'CANCELLED', cancellationReason: 'UNKNOWN_CUSTOMER' });
  const european = await newCustomer(system.url, '10.00', 'EUR');
  const { body: mismatch } = await placeOrder(system.url, european, '1.00', WAIT);
  expect(mismatch).toMatchObject({ state: 'CANCELLED', cancellationReason: 'CURRENCY_MISMATCH' });
});

test('an order is answered with 202 as PENDING, and is readable at once', async () => {
  const customer = await newCustomer(system.url, '100.00');
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => placeOrder(system.url, customer, '1.00')),
  );
  for (const { status, body } of answers) {
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: 'PENDING' });
  }
  const reads = await Promise.all(
    answers.map(({ body }) => call(`${system.url}/orders/${String(body['orderId'])}`, 'GET')),
  );
  expect(reads.map(({ status }) => status)).toEqual(answers.map(() => 200));
});

test('200 orders race for the credit of one customer: exactly as many are approved as fit', async () => {
  const customer = await newCustomer(system.url, '100.00');
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => placeOrder(system.url, customer, '3.00', WAIT)),
  );
  const approved = answers.filter(({ body }) => body['state'] === 'APPROVED');
  const refused = answers.filter(({ body }) => body['cancellationReason'] === 'INSUFFICIENT_CREDIT');
  expect([approved.length, refused.length]).toEqual([33, 167]);
  const { body: account } = await call(`${system.url}/customers/${customer}`, 'GET');
  expect(account).toMatchObject({ reserved: { amount: '99.00' } });
});

test('the same Idempotency-Key 20 times at once: one order, one answer, one saga', async () => {
  const customer = await newCustomer(system.url, '100.00');
  const key = { 'Idempotency-Key': randomUUID() };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => placeOrder(system.url, customer, '5.00', key)),
  );
  expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
  const [first] = answers;
  expect(first).toMatchObject({ status: 202, body: { state: 'PENDING' } });
  const final = await placeOrder(system.url, customer, '5.00', { ...key, ...WAIT });
  expect(final).toMatchObject({ status: 201, body: { state: 'APPROVED', orderId: first?.body['orderId'] } });
  // A later request without `Prefer: wait` still gets the first answer.
  expect((await placeOrder(system.url, customer, '5.00', key)).body).toEqual(first?.body);
  const { body: account } = await call(`${system.url}/customers/${customer}`, 'GET');
  expect(account).toMatchObject({ reserved: { amount: '5.00' } });
});

test('the same Idempotency-Key with another body is refused, also when both come at once', async () => {
  const customer = await newCustomer(system.url, '100.00');
  const key = { 'Idempotency-Key': randomUUID() };
  const answers = await Promise.all(
    ['1.00', '2.00', '1.00', '2.00'].map((amount) => placeOrder(system.url, customer, amount, key)),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 202, 422, 422]);
  const refused = answers.find(({ status }) => status === 422);
  expect(refused?.body).toMatchObject({ type: '/problems/idempotency-key-reused' });
});

test('pages walk through all orders once, while new ones arrive', async () => {
  const customer = await newCustomer(system.url, '1000.00');
  const placed = await Promise.all(
    Array.from({ length: 25 }, () => placeOrder(system.url, customer, '1.00')),
  );
  const seen: unknown[] = [];
  let cursor = '';
  do {
    const { status, body } = await call(`${system.url}/customers/${customer}/orders?limit=7${cursor}`, 'GET');
    expect(status).toBe(200);
    seen.push(...(body['items'] as { orderId: string }[]).map(({ orderId }) => orderId));
    cursor = typeof body['nextCursor'] === 'string' ? `&cursor=${body['nextCursor']}` : '';
    if (seen.length === 7) await placeOrder(system.url, customer, '1.00');
  } while (cursor !== '');
  expect(seen.sort()).toEqual(placed.map(({ body }) => body['orderId']).sort());
  const { body: approved } = await call(`${system.url}/orders?customerId=${customer}&state=CANCELLED`, 'GET');
  expect(approved['items']).toEqual([]);
});

test('a locked row of one customer delays no other customer', async () => {
  const [locked, free] = [await newCustomer(system.url, '10.00'), await newCustomer(system.url, '10.00')];
  const holder = new Client({ connectionString: system.databases.adminCustomerUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT * FROM customers WHERE id = $1 FOR UPDATE', [locked]);
  const waiting = placeOrder(system.url, locked, '1.00', WAIT);
  const others = await Promise.all(
    Array.from({ length: 10 }, () => placeOrder(system.url, free, '1.00', WAIT)),
  );
  expect(others.map(({ body }) => body['state'])).toEqual(others.map(() => 'APPROVED'));
  await holder.query('COMMIT');
  await holder.end();
  expect((await waiting).body).toMatchObject({ state: 'APPROVED' });
});

test('every transition has its event, numbered without gaps, and both databases agree', async () => {
  const { adminOrderUrl, adminCustomerUrl } = system.databases;
  await eventually(async () => {
    const pending = await rowsOf(adminOrderUrl, `SELECT id FROM orders WHERE state = 'PENDING'`);
    return pending.length === 0 ? true : undefined;
  });
  const gaps = `SELECT aggregate_id FROM outbox GROUP BY aggregate_id HAVING max(sequence) <> count(*) OR min(sequence) <> 1`;
  expect(await rowsOf(adminOrderUrl, gaps)).toEqual([]);
  expect(await rowsOf(adminCustomerUrl, gaps)).toEqual([]);
  const missing = `SELECT o.id FROM orders o WHERE o.version <> (SELECT count(*) FROM outbox x WHERE x.aggregate_id = o.id)`;
  expect(await rowsOf(adminOrderUrl, missing)).toEqual([]);
  const wrongSums = `SELECT c.id FROM customers c WHERE reserved_minor <>
    (SELECT coalesce(sum(amount_minor), 0) FROM credit_reservations r WHERE r.customer_id = c.id AND status = 'RESERVED')`;
  expect(await rowsOf(adminCustomerUrl, wrongSums)).toEqual([]);
  const approved = await rowsOf(
    adminOrderUrl,
    `SELECT id, total_minor::text AS amount FROM orders WHERE state = 'APPROVED' ORDER BY id`,
  );
  const reserved = await rowsOf(
    adminCustomerUrl,
    `SELECT order_id AS id, amount_minor::text AS amount FROM credit_reservations WHERE status = 'RESERVED' ORDER BY order_id`,
  );
  expect(reserved).toEqual(approved);
  expect(approved.length).toBeGreaterThan(50);
});
