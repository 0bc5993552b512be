/** Applies events to the view, for the consumer and for the rebuild. */
import type { DomainEvents } from '../../domain/events';
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';

/** The events whose subject is an order, and whose sequence is its version. */
export const ORDER_EVENTS = [
  'OrderCreated',
  'OrderApproved',
  'OrderCancellationRequested',
  'OrderCancelled',
] as const satisfies readonly (keyof DomainEvents)[];

interface Transaction {
  $executeRaw(statement: Sql): PromiseLike<number>;
}

/** Which received events to apply to which rows. */
interface Range {
  readonly generation: number;
  /** Received id; exclusive. */
  readonly from: bigint;
  /** Received id; inclusive. */
  readonly to: bigint;
  /** Received ids of dead letters to apply now. */
  readonly understood: readonly bigint[];
}

/** Applies a range of the received events to a generation of the view, except those that its snapshot includes. */
export async function applyEvents(
  tx: Transaction,
  { generation, from, to, understood }: Range,
): Promise<void> {
  const range = sql`SELECT number, ${from}::bigint AS after, ${to}::bigint AS upto, snapshot_to
    FROM generations WHERE number = ${generation}::integer`;
  await tx.$executeRaw(applying(range, understood));
}

/** Applies the events that were received since the last call to the current generation, with one statement. */
export async function applyNewEvents(tx: Transaction): Promise<void> {
  const range = sql`SELECT number, applied_to AS after, (SELECT max(received_id) FROM received_events) AS upto, snapshot_to
    FROM generations WHERE current`;
  await tx.$executeRaw(applying(range, []));
}

/**
 * Events of different subjects may come in any order: their effects on a common customer are sums. A customer that is created
 * in the range is inserted with the sum of it, because an update in the same statement would not see the row.
 *
 * No plan of this statement reads a whole table, however outdated its statistics are: the range is compared by subqueries, and
 * each customer is looked up by LATERAL and LIMIT.
 *
 * @param range a query with one row: the generation, the first (exclusive) and the last (inclusive) received id, and the
 *   positions of the generation's snapshot
 */
function applying(range: Sql, understood: readonly bigint[]): Sql {
  return sql`
    WITH range AS MATERIALIZED (${range}),
    events AS MATERIALIZED (
      SELECT r.type, r.subject, r.sequence, r.time, r.data FROM received_events r
      WHERE r.received_id > (SELECT after FROM range) AND r.received_id <= (SELECT upto FROM range)
        AND (r.set_aside_reason IS NULL OR r.received_id = ANY (${[...understood]}::bigint[]))
        AND ((SELECT snapshot_to FROM range) = '{}'
          OR r.position > ((SELECT snapshot_to FROM range)->>substring(r.source FROM '/[^/]*$'))::bigint)),
    created AS (
      SELECT DISTINCT ON (subject) subject AS id, data->>'name' AS name,
        (data->>'creditLimitMinor')::bigint AS credit_limit_minor, data->>'currency' AS currency
      FROM events WHERE type = 'CustomerCreated'),
    changed AS (
      SELECT (data->>'customerId')::uuid AS id, sum(CASE type
        WHEN 'CreditReserved' THEN (data->>'amountMinor')::bigint ELSE -(data->>'heldMinor')::bigint END)::bigint AS minor
      FROM events WHERE type IN ('CreditReserved', 'CreditReleased') GROUP BY 1),
    customers AS (
      INSERT INTO customer_views (generation, id, name, credit_limit_minor, currency, reserved_minor)
      SELECT (SELECT number FROM range), e.id, coalesce(e.name, known.name),
        coalesce(e.credit_limit_minor, known.credit_limit_minor), coalesce(e.currency, known.currency), coalesce(e.minor, 0)
      FROM (created FULL JOIN changed USING (id)) e LEFT JOIN LATERAL (
        SELECT c.name, c.credit_limit_minor, c.currency FROM customer_views c
        WHERE c.generation = (SELECT number FROM range) AND c.id = e.id LIMIT 1) known ON true
      WHERE e.name IS NOT NULL OR known.name IS NOT NULL
      ON CONFLICT (generation, id) DO UPDATE SET reserved_minor = customer_views.reserved_minor + excluded.reserved_minor),
    orders AS (
      INSERT INTO order_views (generation, id, customer_id, total_minor, currency, state, cancellation_reason, version,
        created_at, updated_at)
      SELECT DISTINCT ON (e.subject) (SELECT number FROM range), e.subject, (e.data->>'customerId')::uuid,
        (e.data->>'amountMinor')::bigint, e.data->>'currency', e.data->>'state', e.data->>'reason', e.sequence,
        min(e.time) OVER (PARTITION BY e.subject), e.time
      FROM events e WHERE e.type = ANY (${[...ORDER_EVENTS]}::text[])
      ORDER BY e.subject, e.sequence DESC
      ON CONFLICT (generation, id) DO UPDATE SET state = excluded.state,
        cancellation_reason = excluded.cancellation_reason, version = excluded.version, updated_at = excluded.updated_at
      WHERE excluded.version > order_views.version)
    UPDATE generations SET applied_to = (SELECT upto FROM range) WHERE number = (SELECT number FROM range)`;
}
