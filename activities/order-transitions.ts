/** The statement that makes every transition of an order. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type { Busy, WrongState } from '../domain/contracts';
import { cancelSagaWorkflowId, isCancelSaga } from '../domain/names';
import type { CancellationReason, OrderState } from '../domain/order';
import type { Transition } from '../domain/order-transitions';
import type { OrderDatabase } from '../prisma/order/client';
import { recordEvents } from './outbox';

export interface MovedRow {
  readonly id: string;
  /** The current state; null when the order does not exist or the saga may not change it. */
  readonly state: OrderState | null;
  readonly reason: CancellationReason | null;
  readonly version: number | null;
  readonly updatedAt: Date | null;
}

/**
 * Makes the transition of each order that is in the `from` state of one of them. A saga may change its own orders;
 * `cancelOrderSaga` may change the order that its id names. The statement skips rows that another transaction has locked.
 */
export function move(
  db: OrderDatabase,
  sagaId: string,
  transitions: readonly Transition[],
  orders: readonly {
    readonly orderId: string;
    /** Stored when the order becomes CANCELLED. */
    readonly reason?: CancellationReason;
    readonly cancellationKey?: string | undefined;
  }[],
): Promise<MovedRow[]> {
  const ids = orders.map(({ orderId }) => orderId);
  const reasons = orders.map(({ reason }) => reason ?? null);
  const keys = orders.map(({ cancellationKey }) => cancellationKey ?? null);
  const cancellable = isCancelSaga(sagaId) ? ids.filter((id) => cancelSagaWorkflowId(id) === sagaId) : [];
  const from = transitions.map((transition) => transition.from);
  const to = transitions.map((transition) => transition.to);
  const events = transitions.map(({ event }) => event);
  return db.$queryRaw<MovedRow[]>(sql`
    WITH asked AS (
      SELECT * FROM unnest(${ids}::uuid[], ${reasons}::text[], ${keys}::uuid[]) AS a (id, reason, key)
    ), transitions AS (
      SELECT * FROM unnest(${from}::text[], ${to}::text[], ${events}::text[]) AS t (from_state, to_state, event)
    ), held AS (
      SELECT id FROM orders
      WHERE id IN (SELECT id FROM asked) AND (saga_id = ${sagaId} OR id = ANY (${cancellable}::uuid[]))
      ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), changed AS (
      UPDATE orders o
      SET state = t.to_state, cancellation_reason = CASE WHEN t.to_state = 'CANCELLED' THEN a.reason END,
        cancellation_key = coalesce(o.cancellation_key, a.key), version = o.version + 1, updated_at = now()
      FROM held h JOIN asked a ON a.id = h.id, transitions t
      WHERE o.id = h.id AND o.state = t.from_state
      RETURNING o.*, t.event
    ), recorded AS (${recordEvents(sql`
      SELECT 'order', id, version, event, jsonb_strip_nulls(jsonb_build_object('orderId', id, 'customerId', customer_id,
        'amountMinor', total_minor, 'currency', currency, 'state', state, 'reason', cancellation_reason)), ${sagaId}
      FROM changed`)}
    )
    SELECT a.id, coalesce(c.state, o.state) AS state,
      coalesce(c.cancellation_reason, o.cancellation_reason) AS reason, coalesce(c.version, o.version) AS version,
      coalesce(c.updated_at, o.updated_at) AS "updatedAt"
    FROM asked a
    LEFT JOIN orders o ON o.id = a.id AND (o.saga_id = ${sagaId} OR o.id = ANY (${cancellable}::uuid[]))
    LEFT JOIN changed c ON c.id = a.id`);
}

/** Returns the result for an order that is not in the target state of the step. */
export function notThere(
  { id: orderId, state }: MovedRow,
  transitions: readonly Transition[],
): Busy | WrongState {
  // Another transaction has locked the row, or its commit was not visible to this statement yet.
  if (transitions.some(({ from }) => from === state)) return { orderId, outcome: 'busy' };
  return { orderId, outcome: 'wrong-state', state: state ?? 'MISSING' };
}
