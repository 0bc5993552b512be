/** Each filter of the API reads its own rows by an index, however many others there are. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, type Pool } from 'pg';
import { listOrders, type OrderFilter } from '../../api/orders/order-reads';
import { cursorAfter } from '../../api/http/pagination';
import { databaseLog } from '../../events/event-log';
import type { EventFilter } from '../../events/log-query';
import { Notifier } from '../../platform/notifier';
import { createPool } from '../../platform/postgres-session';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { eventBase } from '../support/event-base';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { recordStatements, scansOf, type Statement } from '../support/query-plans';

const CUSTOMER = '0190b2c5-0000-7000-8000-000000000001';
const ROWS = 100_000;
const LIMIT = 20;
/** A page, for each of five types, and what decides between equal times. */
const READ_MAX = 6 * (LIMIT + 1);

let databases: TestDatabases;
let pool: Pool;
let db: OrderDatabase;
let admin: Client;
let sent: Statement[];

beforeAll(async () => {
  databases = await createTestDatabases();
  admin = new Client({ connectionString: databases.adminOrderUrl });
  await admin.connect();
  // One customer with nearly all orders, and states that are rare everywhere.
  await admin.query(`
    INSERT INTO orders (id, saga_id, customer_id, total_minor, currency, state, cancellation_reason, version, created_at)
    SELECT gen_random_uuid(), 'order-' || n, CASE WHEN n % 1000 = 0 THEN gen_random_uuid() ELSE '${CUSTOMER}' END, 100, 'USD', s.state,
      CASE s.state WHEN 'CANCELLED' THEN 'CUSTOMER_REQUEST' END, CASE s.state WHEN 'PENDING' THEN 1 ELSE 2 END,
      '2026-01-01'::timestamptz + (n / 3) * interval '1 second'
    FROM generate_series(1, ${String(ROWS)}) n, LATERAL (SELECT CASE WHEN n < 30 THEN 'PENDING' WHEN n % 50 = 0 THEN 'CANCELLED'
      ELSE 'APPROVED' END AS state) s`);
  await admin.query(`
    INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, position, published_at)
    SELECT 'order', o.id, 1, CASE WHEN n % 10000 = 0 THEN 'OrderCancelled' ELSE 'OrderCreated' END, '{}', n, now()
    FROM (SELECT id, row_number() OVER () AS n FROM orders) o`);
  await admin.query(`UPDATE outbox_relay SET last_position = ${String(ROWS)}`);
  await admin.query('VACUUM ANALYZE');
  pool = createPool(databases.orderUrl, 'test');
  sent = recordStatements(pool);
  db = createOrderDatabase(databases.orderUrl, pool);
});
afterAll(async () => {
  await admin.end();
  await db.$disconnect();
  await databases.drop();
});

async function expectFewRowsRead(table: string): Promise<void> {
  const last = sent.at(-1);
  if (!last) throw new Error('no statement was sent');
  const scans = await scansOf(admin, last, table);
  expect(scans.length).toBeGreaterThan(0);
  for (const { mode, type, rows } of scans) {
    expect([mode, type]).not.toEqual([mode, 'Seq Scan']);
    expect(rows).toBeLessThanOrEqual(READ_MAX);
  }
}

const cursor = cursorAfter({ createdAt: new Date('2026-01-01T05:00:00.000Z'), id: CUSTOMER });

test.each<[string, Omit<OrderFilter, 'limit'>]>([
  ['all', {}],
  ['all, further on', { cursor }],
  ['a customer', { customerId: CUSTOMER }],
  ['a customer, further on', { customerId: CUSTOMER, cursor }],
  ['a state', { state: 'APPROVED' }],
  ['a rare state', { state: 'PENDING' }],
  ['a rare state, further on', { state: 'PENDING', cursor }],
  ['a rare state of a customer', { customerId: CUSTOMER, state: 'PENDING' }],
  ['a rare state of a customer, further on', { customerId: CUSTOMER, state: 'PENDING', cursor }],
  ['a state that no order has', { state: 'CANCELLING' }],
])('orders: %s', async (_name, filter) => {
  await listOrders(db, { ...filter, limit: LIMIT }, ({ orderId }) => orderId);
  await expectFewRowsRead('orders');
});

const TYPES = ['OrderCreated', 'OrderApproved', 'OrderCancelled', 'CreditReserved', 'CustomerCreated'];

test.each<[string, EventFilter]>([
  ['all', {}],
  ['a rare type', { types: ['OrderCancelled'] }],
  ['a type without events', { types: ['OrderApproved'] }],
  ['several types', { types: TYPES }],
  ['a subject', { subject: CUSTOMER }],
  ['types of a subject', { types: TYPES, subject: CUSTOMER }],
])('events: %s', async (_name, filter) => {
  const log = databaseLog('/order-service', db, new Notifier(), eventBase);
  const first = await log.read(undefined, LIMIT, filter);
  await expectFewRowsRead('outbox');
  await log.read(first.end, LIMIT, filter);
  await expectFewRowsRead('outbox');
});

test('several types are one sequence, in the order of their positions', async () => {
  const log = databaseLog('/order-service', db, new Notifier(), eventBase);
  const { events } = await log.read(
    { feedId: (await log.read(undefined, 1, {})).end.feedId, position: 9_990n },
    LIMIT,
    { types: TYPES },
  );
  expect(events.map(({ sequence }) => Number(sequence))).toEqual(
    Array.from({ length: LIMIT }, (_, index) => 9_991 + index),
  );
  expect(events[9]?.type).toBe('OrderCancelled');
});
