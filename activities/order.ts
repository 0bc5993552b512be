/** The order service's steps: each is one statement and one transaction on the order database. */
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
import { type Transition, TRANSITIONS } from '../domain/order-transitions';
import type { OrderDatabase } from '../prisma/order/client';
import { stepRunner } from './isolate-failures';
import { recordGivingUp } from './given-up-steps';
import { type MovedRow, move, notThere } from './order-transitions';
import { recordEvents } from './outbox';

export interface OrderActivitiesOptions {
  readonly db: OrderDatabase;
  /** Called after the commit, in the same process. */
  readonly notify?: (notice: OrderNotice) => void;
  /** Called after each commit that may have written events. */
  readonly onCommit?: (() => void) | undefined;
}

export function createOrderActivities({ db, notify, onCommit }: OrderActivitiesOptions): OrderSteps {
  const run = stepRunner(onCommit);
  return {
    createPendingOrders: ({ sagaId, items }) =>
      run('createPendingOrders', items, async (orders) => {
        const rows = await insertPending(db, sagaId, orders);
        for (const row of rows) notifyCreated(row, notify);
        return rows.map((row) => createPendingResult(row, sagaId));
      }),
    approveOrders: ({ sagaId, items }: StepRequest<ApproveOrder>) =>
      run('approveOrders', items, async (orders) => {
        const rows = await move(db, sagaId, APPROVE, orders);
        return rows.map((row): ApproveResult => {
          if (row.state !== 'APPROVED') return notThere(row, APPROVE);
          notifyDecided(row, 'APPROVED', notify);
          return { orderId: row.id, outcome: 'approved' };
        });
      }),
    cancelOrders: ({ sagaId, items }: StepRequest<CancelOrder>) =>
      run('cancelOrders', items, async (orders) => {
        const results: CancelResult[] = [];
        for (const [transitions, batch] of cancellations(orders)) {
          const rows = await move(db, sagaId, transitions, batch);
          results.push(...rows.map((row) => cancelResult(row, transitions, notify)));
        }
        return results;
      }),
    requestCancellations: ({ sagaId, items }: StepRequest<CancellationRequest>) =>
      run('requestCancellations', items, async (orders) => {
        const requests = orders.map((item) => ({ ...item, reason: 'CUSTOMER_REQUEST' as const }));
        const rows = await move(db, sagaId, REQUEST_CANCELLATION, requests);
        return rows.map((row): RequestCancellationResult => {
          if (row.state !== 'CANCELLING') return cancelResult(row, REQUEST_CANCELLATION, notify);
          notifyDecided(row, 'CANCELLING', notify);
          return { orderId: row.id, outcome: 'cancelling' };
        });
      }),
    giveUpOrders: ({ sagaId, items }: StepRequest<GiveUpOrder>) =>
      run('giveUpOrders', items, async (orders) => {
        await recordGivingUp(db, sagaId, orders);
        return orders.map(({ orderId }): GiveUpResult => ({ orderId, outcome: 'given-up' }));
      }),
  };
}

const APPROVE = [TRANSITIONS.approve];
const REFUSE = [TRANSITIONS.cancel];
const FINISH_CANCELLATION = [TRANSITIONS.finishCancellation];
const REQUEST_CANCELLATION = [TRANSITIONS.cancelOnRequest, TRANSITIONS.requestCancellation];

/** A list has both kinds only when Temporal's Cancel reaches a group while the group cancels refused orders. */
function cancellations(items: readonly CancelOrder[]) {
  const requested = items.filter(({ reason }) => reason === 'CUSTOMER_REQUEST');
  const refused = items.filter(({ reason }) => reason !== 'CUSTOMER_REQUEST');
  const batches: (readonly [readonly Transition[], readonly CancelOrder[]])[] = [
    [REFUSE, refused],
    [FINISH_CANCELLATION, requested],
  ];
  return batches.filter(([, orders]) => orders.length > 0);
}

function cancelResult(
  row: MovedRow,
  transitions: readonly Transition[],
  notify: OrderActivitiesOptions['notify'],
): CancelResult {
  if (row.state !== 'CANCELLED' || row.reason === null) return notThere(row, transitions);
  notifyDecided(row, 'CANCELLED', notify);
  return { orderId: row.id, outcome: 'cancelled', reason: row.reason };
}

interface PendingRow {
  readonly id: string;
  /** Owner of the row; null when a transaction that is not visible yet has inserted the id. */
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
  state: 'APPROVED' | 'CANCELLING' | 'CANCELLED',
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
