/** The order side's steps: one function, one statement, one transaction on the order database. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type {
  ApproveOrder,
  ApproveResult,
  Busy,
  CancelOrder,
  CancelResult,
  CreatePendingResult,
  OrderNotice,
  OrderRequest,
  OrderSteps,
  StepRequest,
} from '../domain/contracts';
import type { CancellationReason, OrderState } from '../domain/order';
import type { OrderDatabase } from '../prisma/order/client';
import { stepRunner } from './each-order';
import { recordEvents } from './outbox';

export interface OrderActivitiesOptions {
  readonly db: OrderDatabase;
  /** Told after the commit, in the same process. */
  readonly notify?: (notice: OrderNotice) => void;
  /** Told after each commit that may have written events. */
  readonly onCommit?: (() => void) | undefined;
}

export function createOrderActivities({ db, notify, onCommit }: OrderActivitiesOptions): OrderSteps {
  const run = stepRunner(onCommit);
  return {
    createPendingOrders: ({ sagaId, orders }) =>
      run('createPendingOrders', orders, async (asked) => {
        const rows = await insertPending(db, sagaId, asked);
        for (const row of rows) notifyCreated(row, notify);
        return rows.map((row) => createPendingResult(row, sagaId));
      }),
    approveOrders: ({ sagaId, orders }: StepRequest<ApproveOrder>) =>
      run('approveOrders', orders, async (asked) => {
        const rows = await decide(db, sagaId, 'APPROVED', asked);
        return rows.map((row) =>
          settle<ApproveResult>(row, 'APPROVED', notify, { orderId: row.id, outcome: 'approved' }),
        );
      }),
    cancelOrders: ({ sagaId, orders }: StepRequest<CancelOrder>) =>
      run('cancelOrders', orders, async (asked) => {
        const rows = await decide(db, sagaId, 'CANCELLED', asked);
        const reasons = new Map(asked.map(({ orderId, reason }) => [orderId, reason]));
        return rows.map((row) => {
          const reason = row.reason ?? reasons.get(row.id);
          return settle<CancelResult>(
            row,
            'CANCELLED',
            notify,
            reason && { orderId: row.id, outcome: 'cancelled', reason },
          );
        });
      }),
  };
}

interface PendingRow {
  readonly id: string;
  /** Of the row's owner; null when a transaction that is not visible yet has taken the id. */
  readonly sagaId: string | null;
  readonly createdAt: Date | null;
  readonly sameContent: boolean | null;
}

function insertPending(
  db: OrderDatabase,
  sagaId: string,
  orders: readonly OrderRequest[],
): Promise<PendingRow[]> {
  const ids = orders.map(({ orderId }) => orderId);
  const customers = orders.map(({ customerId }) => customerId);
  const totals = orders.map(({ totalMinor }) => totalMinor);
  const currencies = orders.map(({ currency }) => currency);
  return db.$queryRaw<PendingRow[]>(sql`
    WITH asked AS (
      SELECT * FROM unnest(${ids}::uuid[], ${customers}::uuid[], ${totals}::bigint[], ${currencies}::text[])
        AS a (id, customer_id, total_minor, currency)
    ), inserted AS (
      INSERT INTO orders (id, saga_id, customer_id, total_minor, currency, state)
      SELECT id, ${sagaId}, customer_id, total_minor, currency, 'PENDING' FROM asked ORDER BY id
      ON CONFLICT (id) DO NOTHING
      RETURNING *
    ), recorded AS (${recordEvents(sql`
      SELECT 'order', id, version, 'OrderCreated', jsonb_build_object('orderId', id, 'customerId', customer_id,
        'amountMinor', total_minor, 'currency', currency, 'state', state), saga_id
      FROM inserted`)}
    )
    SELECT a.id, coalesce(i.saga_id, o.saga_id) AS "sagaId", coalesce(i.created_at, o.created_at) AS "createdAt",
      i.id IS NOT NULL OR (o.customer_id, o.total_minor, o.currency) = (a.customer_id, a.total_minor, a.currency)
        AS "sameContent"
    FROM asked a LEFT JOIN inserted i ON i.id = a.id LEFT JOIN orders o ON o.id = a.id`);
}

function createPendingResult(row: PendingRow, sagaId: string): CreatePendingResult {
  const orderId = row.id;
  if (row.sagaId === null) return { orderId, outcome: 'busy' };
  if (!row.sameContent) return { orderId, outcome: 'conflict' };
  if (row.sagaId !== sagaId) return { orderId, outcome: 'owned-by-other', sagaId: row.sagaId };
  return { orderId, outcome: 'created' };
}

function notifyCreated(row: PendingRow, notify: OrderActivitiesOptions['notify']): void {
  if (row.sagaId === null || row.createdAt === null) return;
  const { id: orderId, sagaId, createdAt } = row;
  notify?.(
    row.sameContent
      ? { orderId, kind: 'created', sagaId, createdAt: createdAt.toISOString() }
      : { orderId, kind: 'conflict' },
  );
}

interface DecidedRow {
  readonly id: string;
  readonly changed: boolean;
  /** As it was before this statement; null when the saga owns no such order. */
  readonly state: OrderState | null;
  readonly reason: CancellationReason | null;
  readonly updatedAt: Date | null;
}

/** Moves the saga's PENDING orders to `state`; rows that somebody else holds locked are left for later. */
function decide(
  db: OrderDatabase,
  sagaId: string,
  state: 'APPROVED' | 'CANCELLED',
  orders: readonly { readonly orderId: string; readonly reason?: CancellationReason }[],
): Promise<DecidedRow[]> {
  const ids = orders.map(({ orderId }) => orderId);
  const reasons = orders.map(({ reason }) => reason ?? null);
  const event = state === 'APPROVED' ? 'OrderApproved' : 'OrderCancelled';
  return db.$queryRaw<DecidedRow[]>(sql`
    WITH asked AS (
      SELECT * FROM unnest(${ids}::uuid[], ${reasons}::text[]) AS a (id, reason)
    ), held AS (
      SELECT id FROM orders WHERE id IN (SELECT id FROM asked) AND saga_id = ${sagaId}
      ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), changed AS (
      UPDATE orders o
      SET state = ${state}, cancellation_reason = a.reason, version = o.version + 1, updated_at = now()
      FROM held h JOIN asked a ON a.id = h.id
      WHERE o.id = h.id AND o.state = 'PENDING'
      RETURNING o.*
    ), recorded AS (${recordEvents(sql`
      SELECT 'order', id, version, ${event}, jsonb_strip_nulls(jsonb_build_object('orderId', id, 'customerId', customer_id,
        'amountMinor', total_minor, 'currency', currency, 'state', state, 'reason', cancellation_reason)), saga_id
      FROM changed`)}
    )
    SELECT a.id, c.id IS NOT NULL AS changed, o.state, o.cancellation_reason AS reason,
      coalesce(c.updated_at, o.updated_at) AS "updatedAt"
    FROM asked a
    LEFT JOIN orders o ON o.id = a.id AND o.saga_id = ${sagaId}
    LEFT JOIN changed c ON c.id = a.id`);
}

function settle<Result extends ApproveResult | CancelResult>(
  row: DecidedRow,
  target: 'APPROVED' | 'CANCELLED',
  notify: OrderActivitiesOptions['notify'],
  done: Result | undefined,
): Result | Busy | { orderId: string; outcome: 'wrong-state'; state: OrderState | 'MISSING' } {
  const orderId = row.id;
  if (done && (row.changed || row.state === target)) {
    const updatedAt = (row.updatedAt ?? new Date()).toISOString();
    const reason = 'reason' in done ? { reason: done.reason } : {};
    notify?.({ orderId, kind: 'decided', state: target, ...reason, updatedAt });
    return done;
  }
  // Locked by somebody else, or decided by a commit that this statement could not see yet.
  if (row.state === 'PENDING') return { orderId, outcome: 'busy' };
  return { orderId, outcome: 'wrong-state', state: row.state ?? 'MISSING' };
}
