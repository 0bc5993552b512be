import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

const IN_FLIGHT_MAX = 20;

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ order: { ordersInFlightMax: IN_FLIGHT_MAX } });
});
afterAll(() => system.stop());

test('a full process answers 503 with Retry-After at once, and finishes the accepted orders', async () => {
  const customer = await newCustomer(system.url, '1000.00');
  const holder = new Client({ connectionString: system.databases.adminOrderUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('LOCK TABLE orders IN SHARE MODE');
  const accepted = Array.from({ length: IN_FLIGHT_MAX }, () =>
    placeOrder(system.url, customer, '1.00', WAIT),
  );
  // A probe that is accepted waits for its row; it gets 503 once the service is full.
  let probesTaken = -1;
  const refusal = await eventually(async () => {
    probesTaken += 1;
    const probe = await Promise.race([
      placeOrder(system.url, customer, '1.00'),
      new Promise<undefined>((resolve) => setTimeout(resolve, 1_000, undefined)),
    ]);
    return probe?.status === 503 ? probe : undefined;
  });
  expect(refusal.body).toMatchObject({ type: '/problems/overloaded', status: 503 });
  expect(refusal.headers.get('Retry-After')).toMatch(/^[123]$/);
  const crowd = await Promise.all(
    Array.from({ length: 200 }, () => placeOrder(system.url, customer, '1.00')),
  );
  expect(new Set(crowd.map(({ status }) => status))).toEqual(new Set([503]));
  // Many rejected clients get a longer Retry-After, at random.
  const comeBack = crowd.map(({ headers }) => Number(headers.get('Retry-After')));
  expect(Math.min(...comeBack)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...comeBack)).toBeGreaterThan(3);
  expect(Math.max(...comeBack)).toBeLessThanOrEqual(30);
  const cancelled = await call(`${system.url}/orders/${randomUUID()}/cancel`, 'POST');
  expect(cancelled).toMatchObject({ status: 503, body: { type: '/problems/overloaded' } });
  // Only placing and cancelling are rejected.
  expect((await call(`${system.url}/customers/${customer}`, 'GET')).status).toBe(200);
  expect((await call(`${system.url}/orders`, 'GET')).status).toBe(200);
  await holder.query('COMMIT');
  await holder.end();

  const answers = await Promise.all(accepted);
  const placed = answers.filter(({ status }) => status === 201);
  expect(placed.length).toBeGreaterThanOrEqual(IN_FLIGHT_MAX - probesTaken);
  expect(new Set(placed.map(({ body }) => body['state']))).toEqual(new Set(['APPROVED']));
  await eventually(async () => {
    const rows = await rowsOf(system.databases.adminOrderUrl, `SELECT FROM orders WHERE state = 'PENDING'`);
    return rows.length === 0 || undefined;
  });
  expect((await placeOrder(system.url, customer, '1.00', WAIT)).status).toBe(201);
});
