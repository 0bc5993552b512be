/** The statement that applies a page reads the page's own rows, however many others there are, and without statistics of them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Sql } from '@prisma/client/runtime/client';
import { Client } from 'pg';
import { applyPage } from '../../projections/order-history/apply-page';
import { NEVER_STORED } from '../../projections/order-history/received-events';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { BASE_URI } from '../support/event-base';
import { HistoryView } from '../support/history-view';

const EVENTS = 100_000;
const OF_THE_PAGE = 50;
const WHOLE_TABLE = /Seq Scan on (received_events|customer_views|order_views).*/g;

const view = new HistoryView();
const page = {
  items: Array.from({ length: OF_THE_PAGE }, () => view.placed(crypto.randomUUID())).flatMap((order) => [
    order,
    view.reserved(order),
    view.approved(order.subject),
  ]),
  nextCursor: 'next',
  completeTo: {},
  startsAfter: {},
};
let databases: TestDatabases;
let admin: Client;

beforeAll(async () => {
  databases = await createTestDatabases({ history: true });
  admin = new Client({ connectionString: databases.adminHistoryUrl });
  await admin.connect();
  // Nothing analyzes them meanwhile.
  for (const table of ['received_events', 'customer_views', 'order_views'])
    await admin.query(`ALTER TABLE ${table} SET (autovacuum_enabled = false)`);
  await admin.query(`
    INSERT INTO customer_views (generation, id, credit_limit_minor, currency, reserved_minor)
    SELECT 1, CASE n WHEN 1 THEN '${view.customerId}' ELSE gen_random_uuid() END, 100, 'USD', 0
    FROM generate_series(1, ${String(EVENTS)}) n`);
  await admin.query(`
    INSERT INTO received_events (source, event_id, type, subject, sequence, time, data, position)
    SELECT '${BASE_URI}/customer-service', 'earlier-' || n, 'CreditReserved', gen_random_uuid(), 1, now(),
      jsonb_build_object('customerId', c.id, 'amountMinor', 1), n
    FROM generate_series(1, ${String(EVENTS)}) n, (SELECT id FROM customer_views LIMIT 1) c`);
  await admin.query("INSERT INTO checkpoints (consumer, cursor) VALUES ('order-history', 'before')");
});
afterAll(async () => {
  await admin.end();
  await databases.drop();
});

/** @returns the lines of the plan */
async function planOf({ text, values }: Sql, mode: string): Promise<string> {
  await admin.query(`SET plan_cache_mode = ${mode}`);
  const { rows } = await admin.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

const apply = ($executeRaw: (statement: Sql) => Promise<number>) =>
  applyPage(
    { $executeRaw },
    'order-history',
    'before',
    page,
    page.items.map(() => null),
    NEVER_STORED,
  );

test.each([
  ['without statistics', 'SELECT 1'],
  ['with statistics', 'ANALYZE'],
])('%s', async (_when, statement) => {
  await admin.query(statement);
  for (const mode of ['force_custom_plan', 'force_generic_plan'])
    await apply(async (applying) => {
      const plan = await planOf(applying, mode);
      expect(plan).toMatch(/Scan using received_events_set_aside|Scan on received_events_set_aside/);
      expect([mode, plan.match(WHOLE_TABLE)]).toEqual([mode, null]);
      return 0;
    });
});

test('the page changes its customer by the sum of its events', async () => {
  expect(await apply(async ({ text, values }) => (await admin.query(text, values)).rowCount ?? 0)).toBe(true);
  const { rows } = await admin.query(
    'SELECT reserved_minor::integer AS minor FROM customer_views WHERE reserved_minor > 0',
  );
  expect(rows).toEqual([{ minor: OF_THE_PAGE * 100 }]);
});
