/** Each filter of the API reads its own rows by an index, however many others there are. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, type Pool, type PoolClient } from 'pg';
import { z } from 'zod';
import { listOrders, type OrderFilter } from '../../api/orders/order-reads';
import { cursorAfter } from '../../api/http/pagination';
import { databaseLog } from '../../events/event-log';
import type { EventFilter } from '../../events/log-query';
import { Notifier } from '../../platform/notifier';
import { createPool } from '../../platform/postgres-session';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { eventBase } from '../support/event-base';
import { createTestDatabases, type TestDatabases } from '../support/databases';

const CUSTOMER = '0190b2c5-0000-7000-8000-000000000001';
const ROWS = 100_000;
const LIMIT = 20;
/** A page, for each of five types, and what decides between equal times. */
const READ_MAX = 6 * (LIMIT + 1);

const statementSchema = z.object({ text: z.string(), values: z.array(z.unknown()) });

let databases: TestDatabases;
let pool: Pool;
let db: OrderDatabase;
let admin: Client;
let last: z.infer<typeof statementSchema> | undefined;

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
  pool.on('connect', record);
  db = createOrderDatabase(databases.orderUrl, pool);
});
afterAll(async () => {
  await admin.end();
  await db.$disconnect();
  await databases.drop();
});

/** Remembers the statement that the product sends. */
function record(client: PoolClient): void {
  const query = client.query.bind(client) as (...parts: unknown[]) => unknown;
  Object.assign(client, {
    query: (...parts: unknown[]) => {
      const [statement] = parts;
      if (typeof statement === 'object' && statement !== null && 'text' in statement) {
        last = statementSchema.parse(statement);
      }
      return query(...parts);
    },
  });
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** With values, and as a prepared statement that was planned without them. */
async function expectFewRowsRead(table: string): Promise<void> {
  if (!last) throw new Error('no statement was sent');
  const { text, values } = last;
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    await admin.query(`SET plan_cache_mode = ${mode}`);
    const { rows } = await admin.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>({
      name: `${mode}${String(Math.random())}`,
      text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      values,
    });
    const nodes = rows[0]?.['QUERY PLAN'].flatMap(({ Plan }) => nodesOf(Plan)) ?? [];
    const scans = nodes.filter((node) => node['Relation Name'] === table);
    expect(scans.length).toBeGreaterThan(0);
    for (const scan of scans) {
      expect([mode, scan['Node Type']]).not.toEqual([mode, 'Seq Scan']);
      const read = scan['Actual Loops'] * (scan['Actual Rows'] + (scan['Rows Removed by Filter'] ?? 0));
      expect(read).toBeLessThanOrEqual(READ_MAX);
    }
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
