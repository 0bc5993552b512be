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

/**
 * Applies the received events after `from`, up to `to`, to a generation of the view, except those that its snapshot includes. Events of different subjects may come
 * in any order: their effects on a common customer are sums.
 *
 * @param from received id; exclusive
 * @param to received id; inclusive
 * @param understood received ids of dead letters to apply now
 */
export async function applyEvents(
  tx: Transaction,
  generation: number,
  from: bigint,
  to: bigint,
  understood: readonly bigint[] = [],
): Promise<void> {
  const events = sql`
    SELECT r.received_id, r.type, r.subject, r.sequence, r.time, r.data
    FROM received_events r JOIN generations g ON g.number = ${generation}::integer
    WHERE r.received_id > ${from} AND r.received_id <= ${to}
      AND (r.set_aside_reason IS NULL OR r.received_id = ANY (${[...understood]}::bigint[]))
      AND (g.snapshot_to = '{}' OR r.position > (g.snapshot_to->>substring(r.source FROM '/[^/]*$'))::bigint)`;
  await tx.$executeRaw(sql`
    INSERT INTO customer_views (generation, id, name, credit_limit_minor, currency, reserved_minor)
    SELECT ${generation}::integer, e.subject, e.data->>'name', (e.data->>'creditLimitMinor')::bigint,
      e.data->>'currency', 0
    FROM (${events}) e WHERE e.type = 'CustomerCreated'
    ON CONFLICT DO NOTHING`);
  await tx.$executeRaw(sql`
    UPDATE customer_views c SET reserved_minor = c.reserved_minor + d.minor
    FROM (
      SELECT (e.data->>'customerId')::uuid AS id, sum(CASE e.type
        WHEN 'CreditReserved' THEN (e.data->>'amountMinor')::bigint ELSE -(e.data->>'heldMinor')::bigint END) AS minor
      FROM (${events}) e WHERE e.type IN ('CreditReserved', 'CreditReleased') GROUP BY 1
    ) d
    WHERE c.generation = ${generation}::integer AND c.id = d.id`);
  await tx.$executeRaw(sql`
    INSERT INTO order_views (generation, id, customer_id, total_minor, currency, state, cancellation_reason, version,
      created_at, updated_at)
    SELECT DISTINCT ON (e.subject) ${generation}::integer, e.subject, (e.data->>'customerId')::uuid,
      (e.data->>'amountMinor')::bigint, e.data->>'currency', e.data->>'state', e.data->>'reason', e.sequence,
      min(e.time) OVER (PARTITION BY e.subject), e.time
    FROM (${events}) e WHERE e.type = ANY (${[...ORDER_EVENTS]}::text[])
    ORDER BY e.subject, e.sequence DESC
    ON CONFLICT (generation, id) DO UPDATE SET state = excluded.state,
      cancellation_reason = excluded.cancellation_reason, version = excluded.version, updated_at = excluded.updated_at
    WHERE excluded.version > order_views.version`);
  await tx.$executeRaw(sql`UPDATE generations SET applied_to = ${to} WHERE number = ${generation}::integer`);
}
