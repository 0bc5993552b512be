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

/** The events whose subject is a customer, and whose sequence is its version. Each has all that the view shows. */
export const CUSTOMER_EVENTS = [
  'CustomerCreated',
  'CustomerPersonalDataErased',
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

/**
 * Applies a range of the received events to a generation of the view, except those that its snapshot includes. The range is
 * compared by subqueries, so that the plan uses the primary key, however outdated the statistics are.
 */
export async function applyEvents(
  tx: Transaction,
  { generation, from, to, understood }: Range,
): Promise<void> {
  await tx.$executeRaw(
    applying({
      ctes: sql`generation AS MATERIALIZED (SELECT number, snapshot_to, ${from}::bigint AS after, ${to}::bigint AS upto
        FROM generations WHERE number = ${generation}::integer),
        received AS (SELECT * FROM received_events r
          WHERE r.received_id > (SELECT after FROM generation) AND r.received_id <= (SELECT upto FROM generation)
            AND (r.set_aside_reason IS NULL OR r.received_id = ANY (${[...understood]}::bigint[])))`,
      upTo: sql`(SELECT upto FROM generation)`,
    }),
  );
}

interface Applied {
  /** Defines `generation` (number, snapshot_to), the one to change, and `received`, the rows of received_events to apply. */
  readonly ctes: Sql;
  /** Received id of the last event; null when there is none. */
  readonly upTo: Sql;
}

/**
 * Returns the statement that applies events to a generation of the view, except those that its snapshot includes. It changes
 * one row of `generations`, and nothing when `generation` is empty.
 *
 * Events of different subjects may come in any order: their effects on a common customer are sums. A customer of whom these
 * events tell is inserted or updated with the sum of them, because one statement changes a row once.
 *
 * No plan of this statement reads a whole table, however outdated its statistics are: each customer is looked up by LATERAL
 * and LIMIT, and updated by the place of its row, which nobody else changes meanwhile; ON CONFLICT always uses the index.
 */
export function applying({ ctes, upTo }: Applied): Sql {
  return sql`
    WITH ${ctes},
    events AS MATERIALIZED (
      SELECT r.type, r.subject, r.sequence, r.time, r.data FROM received r
      WHERE (SELECT snapshot_to FROM generation) = '{}'
        OR r.position > ((SELECT snapshot_to FROM generation)->>substring(r.source FROM '/[^/]*$'))::bigint),
    accounts AS (
      SELECT DISTINCT ON (subject) subject AS id, (data->>'creditLimitMinor')::bigint AS credit_limit_minor,
        data->>'currency' AS currency, sequence AS version
      FROM events WHERE type = ANY (${[...CUSTOMER_EVENTS]}::text[]) ORDER BY subject, sequence DESC),
    changed AS (
      SELECT (data->>'customerId')::uuid AS id, sum(CASE type
        WHEN 'CreditReserved' THEN (data->>'amountMinor')::bigint ELSE -(data->>'heldMinor')::bigint END)::bigint AS minor
      FROM events WHERE type IN ('CreditReserved', 'CreditReleased') GROUP BY 1),
    changed_accounts AS (
      INSERT INTO customer_views (generation, id, credit_limit_minor, currency, reserved_minor, version)
      SELECT (SELECT number FROM generation), a.id, a.credit_limit_minor, a.currency, coalesce(e.minor, 0), a.version
      FROM accounts a LEFT JOIN changed e USING (id)
      ON CONFLICT (generation, id) DO UPDATE SET reserved_minor = customer_views.reserved_minor + excluded.reserved_minor,
        version = greatest(customer_views.version, excluded.version)),
    changed_customers AS (
      UPDATE customer_views v SET reserved_minor = v.reserved_minor + e.minor
      FROM changed e CROSS JOIN LATERAL (SELECT c.ctid FROM customer_views c
        WHERE c.generation = (SELECT number FROM generation) AND c.id = e.id LIMIT 1) known
      WHERE v.ctid = known.ctid AND e.id NOT IN (SELECT id FROM accounts)),
    orders AS (
      INSERT INTO order_views (generation, id, customer_id, total_minor, currency, state, cancellation_reason, version,
        created_at, updated_at)
      SELECT DISTINCT ON (e.subject) (SELECT number FROM generation), e.subject, (e.data->>'customerId')::uuid,
        (e.data->>'amountMinor')::bigint, e.data->>'currency', e.data->>'state', e.data->>'reason', e.sequence,
        min(e.time) OVER (PARTITION BY e.subject), e.time
      FROM events e WHERE e.type = ANY (${[...ORDER_EVENTS]}::text[])
      ORDER BY e.subject, e.sequence DESC
      ON CONFLICT (generation, id) DO UPDATE SET state = excluded.state,
        cancellation_reason = excluded.cancellation_reason, version = excluded.version, updated_at = excluded.updated_at
      WHERE excluded.version > order_views.version)
    UPDATE generations SET applied_to = coalesce(${upTo}, applied_to) WHERE number = (SELECT number FROM generation)`;
}
