/** What operators read of the order database is read by an index, however many orders there are. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Client, type Pool } from 'pg';
import { cursorAfter } from '../../api/http/pagination';
import { valid } from '../../api/http/validation';
import { listByTime } from '../../api/operators/saga-list';
import { sagasQuery } from '../../api/operators/saga-list-json';
import {
  DECISIONS,
  readDecidedPerMinute,
  readDecision,
  readOpen,
  readOutcomes,
} from '../../api/operators/overview-orders';
import { readGivenUp, readRowsOf } from '../../api/operators/saga-rows';
import { connectTemporal } from '../../platform/temporal';
import { createPool } from '../../platform/postgres-session';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { testServers } from '../support/servers';
import { recordStatements, scansOf, type Statement } from '../support/query-plans';

const CUSTOMER = '0190b2c5-0000-7000-8000-000000000001';
const ROWS = 100_000;
const LIMIT = 20;
/** A page, and what decides between equal times. */
const READ_MAX = 2 * (LIMIT + 1);

let databases: TestDatabases;
let pool: Pool;
let db: OrderDatabase;
let admin: Client;
let sent: Statement[];
let temporal: Awaited<ReturnType<typeof connectTemporal>>;

beforeAll(async () => {
  databases = await createTestDatabases();
  admin = new Client({ connectionString: databases.adminOrderUrl });
  await admin.connect();
  // One customer with nearly all orders; states and reasons that are rare everywhere, and old.
  await admin.query(`
    INSERT INTO orders (id, saga_id, customer_id, total_minor, currency, state, cancellation_reason, version, created_at)
    SELECT gen_random_uuid(), 'order-' || n, CASE WHEN n % 1000 = 0 THEN gen_random_uuid() ELSE '${CUSTOMER}' END, 100, 'USD', s.state,
      CASE s.state WHEN 'CANCELLED' THEN CASE WHEN n < 600 THEN 'CURRENCY_MISMATCH' ELSE 'CUSTOMER_REQUEST' END END,
      CASE s.state WHEN 'PENDING' THEN 1 ELSE 2 END, '2026-01-01'::timestamptz + (n / 3) * interval '1 second'
    FROM generate_series(1, ${String(ROWS)}) n, LATERAL (SELECT CASE WHEN n < 30 THEN 'PENDING' WHEN n < 60 THEN 'CANCELLING'
      WHEN n % 50 = 0 OR n < 90 THEN 'CANCELLED' ELSE 'APPROVED' END AS state) s`);
  await admin.query(`
    INSERT INTO given_up_steps (id, order_id, saga_id, step, by, reason, at)
    SELECT gen_random_uuid(), id, saga_id, 'approve', 'ada', 'OPS-1', now() FROM orders`);
  await admin.query(`
    INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, position, published_at)
    SELECT 'order', id, 2, CASE WHEN state = 'CANCELLED' THEN 'OrderCancelled' ELSE 'OrderApproved' END, '{}',
      row_number() OVER (), now() FROM orders`);
  await admin.query('VACUUM ANALYZE');
  pool = createPool(databases.orderUrl, 'test');
  sent = recordStatements(pool);
  db = createOrderDatabase(databases.orderUrl, pool);
  temporal = await connectTemporal(testServers().temporal);
});
afterAll(async () => {
  await temporal.connection.close();
  await admin.end();
  await db.$disconnect();
  await databases.drop();
});

async function expectFewRowsRead(statements: readonly Statement[], table: string): Promise<void> {
  expect(statements.length).toBeGreaterThan(0);
  for (const statement of statements) {
    const scans = await scansOf(admin, statement, table);
    expect(scans.length).toBeGreaterThan(0);
    for (const { mode, type, rows } of scans) {
      expect([mode, type]).not.toEqual([mode, 'Seq Scan']);
      expect(rows).toBeLessThanOrEqual(READ_MAX);
    }
  }
}

/** Statements about the table since the last call. */
function takeSent(table: string): Statement[] {
  return sent.splice(0).filter(({ text }) => text.replaceAll('"', '').includes(table));
}

const list = (query: Record<string, string>, client = temporal.client) =>
  listByTime({ reads: db, client }, valid(sagasQuery, query), { now: Date.now(), warn: () => undefined });

const cursor = cursorAfter({ createdAt: new Date('2026-01-01T05:00:00.000Z'), id: CUSTOMER });

describe('a page of orders', () => {
  test.each<Record<string, string>>([
    {},
    { state: 'PENDING' },
    { outcome: 'open' },
    { outcome: 'approved' },
    { outcome: 'CURRENCY_MISMATCH' },
    { outcome: 'CUSTOMER_REQUEST' },
    { outcome: 'CREDIT_CHECK_FAILED' },
  ])('%j: all, of a customer, further on, and old', async (filter) => {
    for (const more of [{}, { customerId: CUSTOMER }])
      for (const further of [{}, { cursor }, { olderThan: 'P100D' }, { cursor, olderThan: '0' }]) {
        sent.splice(0);
        expect((await list({ ...filter, ...more, ...further })).unavailable).toEqual([]);
        await expectFewRowsRead(takeSent('public.orders'), 'orders');
      }
  });

  test('one order', async () => {
    const [row] = (
      await admin.query<{ id: string }>('SELECT id FROM orders WHERE customer_id = $1 LIMIT 1', [CUSTOMER])
    ).rows;
    sent.splice(0);
    expect((await list({ orderId: String(row?.id), customerId: CUSTOMER })).items).toHaveLength(1);
    await expectFewRowsRead(takeSent('public.orders'), 'orders');
  });

  test('rows and given-up steps by their orders', async () => {
    const { rows } = await admin.query<{ id: string }>(`SELECT id FROM orders LIMIT ${String(LIMIT)}`);
    const ids = rows.map(({ id }) => id);
    sent.splice(0);
    expect((await readRowsOf(db, ids)).size).toBe(LIMIT);
    await expectFewRowsRead(takeSent('FROM orders'), 'orders');
    expect((await readGivenUp(db, ids)).size).toBe(LIMIT);
    await expectFewRowsRead(takeSent('given_up_steps'), 'given_up_steps');
  });

  test('the overview', async () => {
    sent.splice(0);
    await Promise.all([readOpen(db), readOutcomes(db), readDecision(db), readDecidedPerMinute(db)]);
    for (const statement of sent.splice(0)) {
      const scans = [
        ...(await scansOf(admin, statement, 'orders')),
        ...(await scansOf(admin, statement, 'outbox')),
      ];
      expect(scans.length).toBeGreaterThan(0);
      for (const { type, rows } of scans) {
        expect(type).toMatch(/^(Index|Bitmap)/);
        // Each of the two types and of the five reasons.
        expect(rows).toBeLessThanOrEqual(5 * DECISIONS);
      }
    }
  });

  test('pages without Temporal say so, unless they filter by what is parked', async () => {
    // Nobody listens there.
    const connection = Connection.lazy({ address: '127.0.0.1:1' });
    const away = new TemporalClient({ connection });
    const { items, unavailable } = await list({ limit: '1' }, away);
    expect([items[0]?.attention, unavailable]).toEqual([undefined, ['temporal']]);
    await expect(list({ attention: 'false' }, away)).rejects.toMatchObject({
      problem: 'temporal-unavailable',
    });
  });
});
