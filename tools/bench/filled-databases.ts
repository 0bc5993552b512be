/**
 * Fills the three databases by SQL with the rows that the product would write; a million orders would take the
 * product an hour. Omits what the audit does not read: the events that the order history has received.
 */
import { withClient } from '../../platform/postgres-session';
import { EVENT_SOURCES } from '../../domain/events';
import { encodeCursor } from '../../events/cursor';
import { CONSUMER } from '../../projections/order-history/store';
import type { ServiceName } from '../../prisma/schema-engine';

/** The orders of a customer. */
export const FILL_STEP = 100;

/** A range of order numbers, inclusive; its length is a multiple of FILL_STEP. */
export interface Numbers {
  readonly from: number;
  readonly to: number;
}

/** The first orders by number are PENDING; each group of fifty has one saga. */
export const OPEN_ORDERS = 1_000;
export const OPEN_GROUP = 50;

/** UUIDs that sort by number, as the product's ids sort by time. */
const idOf = (number: string, tail: string) =>
  `(lpad(to_hex(1700000000000 + (${number})), 12, '0') || '70008000' || '${tail}')::uuid`;
const orderId = (number: string) => idOf(number, '000000000001');
const customerId = (number: string) => idOf(number, '00000000000c');

/** 100 orders per customer. Of ten, eight are approved, one is refused, and one is cancelled after its approval. */
const ORDERS = `
  SELECT n, id, customer, 'USD' AS currency, amount, reason,
    CASE WHEN n <= ${String(OPEN_ORDERS)} THEN 'orders-' || ${orderId(`n - (n - 1) % ${String(OPEN_GROUP)}`)} || '-${String(OPEN_GROUP)}'
      ELSE 'order-' || id END AS saga,
    CASE WHEN n <= ${String(OPEN_ORDERS)} THEN ARRAY['PENDING'] WHEN reason IS NULL THEN ARRAY['PENDING', 'APPROVED']
      WHEN reason = 'INSUFFICIENT_CREDIT' THEN ARRAY['PENDING', 'CANCELLED']
      ELSE ARRAY['PENDING', 'APPROVED', 'CANCELLING', 'CANCELLED'] END AS states
  FROM (SELECT n, ${orderId('n')} AS id, ${customerId(`(n - 1) / ${String(FILL_STEP)}`)} AS customer, 1000 + n % 1000 AS amount,
      CASE WHEN n <= ${String(OPEN_ORDERS)} THEN NULL WHEN n % 10 = 0 THEN 'INSUFFICIENT_CREDIT'
        WHEN n % 10 = 1 THEN 'CUSTOMER_REQUEST' END AS reason
    FROM generate_series($1::bigint, $2::bigint) n) numbered`;

/** Orders with a credit decision, and the statuses of their reservations in order. */
const RESERVATIONS = `
  SELECT *, CASE reason WHEN 'INSUFFICIENT_CREDIT' THEN ARRAY['REJECTED']
    WHEN 'CUSTOMER_REQUEST' THEN ARRAY['RESERVED', 'RELEASED'] ELSE ARRAY['RESERVED'] END AS statuses
  FROM (${ORDERS}) o WHERE n > ${String(OPEN_ORDERS)}`;

const CUSTOMERS = `
  SELECT customer AS id, 'Bench' AS name, 1000000000 AS "limit",
    coalesce(sum(amount) FILTER (WHERE n > ${String(OPEN_ORDERS)} AND reason IS NULL), 0) AS reserved
  FROM (${ORDERS}) o GROUP BY customer`;

const publish = (events: string) => `
  INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id, position, published_at)
  SELECT *, nextval('published'), now() FROM (${events}) e`;

const FACTS = `'orderId', o.id, 'customerId', customer, 'amountMinor', amount, 'currency', currency`;

const ALL_ORDERS = [
  `INSERT INTO orders (id, saga_id, customer_id, total_minor, currency, state, cancellation_reason, version)
    SELECT id, saga, customer, amount, currency, states[cardinality(states)], reason, cardinality(states)
    FROM (${ORDERS}) o`,
  publish(`
    SELECT 'order', o.id, sequence::integer, CASE state WHEN 'PENDING' THEN 'OrderCreated' WHEN 'APPROVED' THEN 'OrderApproved'
        WHEN 'CANCELLING' THEN 'OrderCancellationRequested' ELSE 'OrderCancelled' END,
      jsonb_strip_nulls(jsonb_build_object(${FACTS}, 'state', state, 'reason', CASE state WHEN 'CANCELLED' THEN reason END)), saga
    FROM (${ORDERS}) o, unnest(states) WITH ORDINALITY s (state, sequence)`),
];

const ALL_CREDIT = [
  `INSERT INTO customers (id, name, credit_limit_minor, currency, reserved_minor)
    SELECT id, name, "limit", 'USD', reserved FROM (${CUSTOMERS}) c`,
  publish(`
    SELECT 'customer', id, 1, 'CustomerCreated',
      jsonb_build_object('customerId', id, 'creditLimitMinor', "limit", 'currency', 'USD'), NULL
    FROM (${CUSTOMERS}) c`),
  `INSERT INTO credit_reservations (order_id, customer_id, amount_minor, currency, status, reason, version, saga_id)
    SELECT id, customer, amount, currency, statuses[cardinality(statuses)],
      CASE statuses[1] WHEN 'REJECTED' THEN reason END, cardinality(statuses), saga
    FROM (${RESERVATIONS}) o`,
  publish(`
    SELECT 'credit-reservation', o.id, sequence::integer, CASE status WHEN 'RESERVED' THEN 'CreditReserved'
        WHEN 'REJECTED' THEN 'CreditLimitExceeded' ELSE 'CreditReleased' END,
      jsonb_strip_nulls(jsonb_build_object(${FACTS}, 'reason', CASE status WHEN 'REJECTED' THEN reason END,
        'heldMinor', CASE status WHEN 'RELEASED' THEN amount END)), saga
    FROM (${RESERVATIONS}) o, unnest(statuses) WITH ORDINALITY s (status, sequence)`),
];

const ALL_VIEWS = [
  `INSERT INTO customer_views (generation, id, credit_limit_minor, currency, reserved_minor)
    SELECT 1, id, "limit", 'USD', reserved FROM (${CUSTOMERS}) c`,
  `INSERT INTO order_views (generation, id, customer_id, total_minor, currency, state, cancellation_reason, version, created_at, updated_at)
    SELECT 1, id, customer, amount, currency, states[cardinality(states)], reason, cardinality(states), now(), now()
    FROM (${ORDERS}) o`,
];

/** Records that the relay has published everything; no relay runs here. */
const PUBLISHED =
  'UPDATE outbox_relay SET last_position = (SELECT max(position) FROM outbox) RETURNING feed_id, last_position';

/** @param adminUrl superuser's URL of each database; the superuser may also VACUUM */
export async function fill(adminUrl: (service: ServiceName) => string, numbers: Numbers): Promise<void> {
  const feeds = [
    await filled(adminUrl('order'), ALL_ORDERS, numbers),
    await filled(adminUrl('customer'), ALL_CREDIT, numbers),
  ];
  const cursor = encodeCursor(
    Object.fromEntries(EVENT_SOURCES.map((source, index) => [source, feeds[index]])),
  );
  await withClient(adminUrl('history'), 'bench', async (db) => {
    for (const statement of ALL_VIEWS) await db.query(statement, [numbers.from, numbers.to]);
    await db.query(
      `INSERT INTO checkpoints (consumer, cursor) VALUES ($1, $2) ON CONFLICT (consumer) DO UPDATE SET cursor = $2`,
      [CONSUMER, cursor],
    );
    await db.query('VACUUM ANALYZE');
  });
}

/** @returns the feed's id and the position of its last event */
function filled(url: string, statements: readonly string[], { from, to }: Numbers) {
  return withClient(url, 'bench', async (db) => {
    await db.query('CREATE TEMPORARY SEQUENCE published');
    await db.query(`SELECT setval('published', last_position + 1, false) FROM outbox_relay`);
    for (const statement of statements) await db.query(statement, [from, to]);
    const { rows } = await db.query<{ feed_id: string; last_position: string }>(PUBLISHED);
    await db.query('VACUUM ANALYZE');
    return { feedId: String(rows[0]?.feed_id), position: BigInt(rows[0]?.last_position ?? 0) };
  });
}

/** @returns the order ids of each saga with open orders, by workflow id */
export async function openOrders(url: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await withClient(url, 'bench', (db) =>
    db.query<{ saga: string; ids: string[] }>(
      `SELECT saga_id AS saga, array_agg(id::text ORDER BY id) AS ids FROM orders WHERE state = 'PENDING' GROUP BY 1`,
    ),
  );
  return new Map(rows.map(({ saga, ids }) => [saga, ids]));
}
