/** The order side's steps: one function, one statement, one transaction on the order database. */
import { sqltag as sql } from '@prisma/client/runtime/client';
import type {
  ApproveOrder,
  ApproveResult,
  CancelOrder,
  CancelResult,
  CreatePendingResult,
  GiveUpOrder,
  GiveUpResult,
  OrderNotice,
  OrderRequest,
  OrderSteps,
  CancellationRequest,
  RequestCancellationResult,
  StepRequest,
} from '../domain/contracts';
import { isCancelSaga } from '../domain/names';
import { TRANSITIONS } from '../domain/order-transitions';
import type { OrderDatabase } from '../prisma/order/client';
import { stepRunner } from './each-order';
import { recordGivingUp } from './giving-up';
import { type MovedRow, move, notThere } from './order-transitions';
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
        const rows = await move(db, sagaId, TRANSITIONS.approve, asked);
        return rows.map((row): ApproveResult => {
          if (row.state !== 'APPROVED') return notThere(row, TRANSITIONS.approve);
          notifyDecided(row, 'APPROVED', notify);
          return { orderId: row.id, outcome: 'approved' };
        });
      }),
    cancelOrders: ({ sagaId, orders }: StepRequest<CancelOrder>) =>
      run('cancelOrders', orders, async (asked) => {
        const transition = isCancelSaga(sagaId) ? TRANSITIONS.finishCancellation : TRANSITIONS.cancel;
        const rows = await move(db, sagaId, transition, asked);
        return rows.map((row): CancelResult => {
          const { id: orderId, reason } = row;
          if (row.state !== 'CANCELLED' || reason === null) return notThere(row, transition);
          notifyDecided(row, 'CANCELLED', notify);
          return { orderId, outcome: 'cancelled', reason };
        });
      }),
    requestCancellations: ({ sagaId, orders }: StepRequest<CancellationRequest>) =>
      run('requestCancellations', orders, async (asked) => {
        const rows = await move(db, sagaId, TRANSITIONS.requestCancellation, asked);
        return rows.map((row): RequestCancellationResult => {
          const { id: orderId, reason } = row;
          if (row.state === 'CANCELLING') return { orderId, outcome: 'cancelling' };
          if (row.state === 'CANCELLED' && reason !== null) return { orderId, outcome: 'cancelled', reason };
          // Its own saga has still to decide about it.
          if (row.state === 'PENDING') return { orderId, outcome: 'busy' };
          return notThere(row, TRANSITIONS.requestCancellation);
        });
      }),
    giveUpOrders: ({ sagaId, orders }: StepRequest<GiveUpOrder>) =>
      run('giveUpOrders', orders, async (asked) => {
        await recordGivingUp(db, sagaId, asked);
        return asked.map(({ orderId }): GiveUpResult => ({ orderId, outcome: 'given-up' }));
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

function notifyDecided(
  { id: orderId, reason, version, updatedAt }: MovedRow,
  state: 'APPROVED' | 'CANCELLED',
  notify: OrderActivitiesOptions['notify'],
): void {
  if (updatedAt === null || version === null) return;
  notify?.({
    orderId,
    kind: 'decided',
    state,
    ...(reason && { reason }),
    version,
    updatedAt: updatedAt.toISOString(),
  });
}
