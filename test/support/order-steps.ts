/** The order side's steps on a database of its own, asked for one order, and what they leave in its row and its events. */
import { randomUUID } from 'node:crypto';
import { createOrderActivities } from '../../activities/order';
import type { OrderNotice } from '../../domain/contracts';
import { cancelSagaWorkflowId } from '../../domain/names';
import type { CancellationReason } from '../../domain/order';
import { createOrderDatabase } from '../../prisma/order/client';
import { createTestDatabases, rowsOf } from './databases';

/** Of the saga that places all orders. */
export const OWNER = 'orders-test';

/** Events as {@link orderSteps}'s `eventsOf` returns them: type, state, reason, and the saga that wrote it. */
export const CREATED = ['OrderCreated', 'PENDING', null, OWNER];
export const APPROVED = ['OrderApproved', 'APPROVED', null, OWNER];
export const requested = (by: string) => ['OrderCancellationRequested', 'CANCELLING', null, by];
export const cancelled = (by: string, reason = 'CUSTOMER_REQUEST') => [
  'OrderCancelled',
  'CANCELLED',
  reason,
  by,
];

export type OneOrderSteps = Awaited<ReturnType<typeof orderSteps>>;

export async function orderSteps() {
  const databases = await createTestDatabases();
  const db = createOrderDatabase(databases.orderUrl);
  const notices: OrderNotice[] = [];
  const steps = createOrderActivities({ db, notify: (notice) => notices.push(notice) });

  const approve = (orderId: string) =>
    answered(() => steps.approveOrders({ sagaId: OWNER, items: [{ orderId }] }));
  const cancel = (orderId: string, reason: CancellationReason, sagaId = OWNER) =>
    answered(() => steps.cancelOrders({ sagaId, items: [{ orderId, reason }] }));
  const request = (orderId: string, cancellationKey?: string, sagaId = cancelSagaWorkflowId(orderId)) =>
    answered(() => steps.requestCancellations({ sagaId, items: [{ orderId, cancellationKey }] }));

  async function pending(): Promise<string> {
    const orderId = randomUUID();
    const order = { orderId, customerId: randomUUID(), totalMinor: 100, currency: 'USD' };
    await steps.createPendingOrders({ sagaId: OWNER, items: [order] });
    return orderId;
  }

  async function approved(): Promise<string> {
    const orderId = await pending();
    const { outcome } = await approve(orderId);
    if (outcome !== 'approved') throw new Error(`a new order is ${outcome}`);
    return orderId;
  }

  async function rowOf(orderId: string) {
    const [row] = await rowsOf(
      databases.adminOrderUrl,
      `SELECT state, cancellation_reason AS reason, cancellation_key AS key, version, saga_id AS owner
       FROM orders WHERE id = $1`,
      [orderId],
    );
    return row;
  }

  async function eventsOf(orderId: string): Promise<unknown[][]> {
    const rows = await rowsOf(
      databases.adminOrderUrl,
      `SELECT type, data->>'state' AS state, data->>'reason' AS reason, saga_id FROM outbox
       WHERE aggregate_id = $1 ORDER BY sequence`,
      [orderId],
    );
    return rows.map((row) => [row['type'], row['state'], row['reason'], row['saga_id']]);
  }

  async function end(): Promise<void> {
    await db.$disconnect();
    await databases.drop();
  }

  return { databases, steps, notices, approve, cancel, request, pending, approved, rowOf, eventsOf, end };
}

/** Repeats a step of one order while another transaction holds its row, as a saga does. */
async function answered<Result extends { readonly outcome: string }>(
  step: () => Promise<Result[]>,
): Promise<Result> {
  for (;;) {
    const [result] = await step();
    if (!result) throw new Error('a step without a result');
    if (result.outcome !== 'busy') return result;
  }
}
