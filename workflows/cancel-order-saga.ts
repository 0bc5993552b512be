/**
 * The saga that cancels an order at its customer's request, at any point of the saga that creates it:
 *
 *     requestCancellation ──┬── PENDING → CANCELLED ────→ releaseCredit
 *     (the row decides)     └── APPROVED → CANCELLING ──→ releaseCredit ──→ cancelOrder (CANCELLING → CANCELLED)
 *
 * CANCELLING is the semantic lock. The first step is the pivot. When no credit is reserved yet, the release leaves a
 * tombstone, which defeats a later reservation.
 */
import type { OrderResult, OrderToCancel } from '../domain/contracts';
import { ORDER_TASK_QUEUE } from '../domain/names';
import { defineSaga, type Saga, sagaFailure } from '../saga/workflow';
import { describeOutcome, recordGivingUp } from './order-outcomes';
import { cancelOrder, releaseCredit, requestCancellation } from './order-steps';

/**
 * @throws ApplicationFailure `SagaFailed` when the order is missing (a bug), or an operator gave up a step
 */
export const cancelOrderSaga = defineSaga<OrderToCancel, OrderResult, unknown>(
  {
    taskQueue: ORDER_TASK_QUEUE,
    subject: ({ orderId }) => orderId,
    describe: describeOutcome,
    recordGivingUp,
  },
  (order, saga) => cancelByRequest(order, saga),
);

/** @param outcome result of the order's own saga, if that saga has completed it */
export async function cancelByRequest(
  { cancellationKey, ...order }: OrderToCancel,
  saga: Saga<unknown>,
  outcome?: OrderResult,
): Promise<OrderResult> {
  if (outcome && outcome.state !== 'APPROVED') return outcome;
  const { orderId } = order;
  const requested = await saga.step(requestCancellation, { orderId, cancellationKey });
  if (requested.outcome === 'wrong-state')
    throw sagaFailure('OrderInWrongState', `${orderId} cannot be cancelled: it is ${requested.state}`);
  if (requested.outcome === 'cancelled') {
    const { reason } = requested;
    // The saga of a refused order releases its own reservation.
    if (reason === 'CUSTOMER_REQUEST') await saga.step(releaseCredit, order);
    return saga.unwind({ orderId, state: 'CANCELLED', reason });
  }
  saga.commit();
  await saga.step(releaseCredit, order);
  const cancelled = await saga.step(cancelOrder, { orderId, reason: 'CUSTOMER_REQUEST' });
  if (cancelled.outcome === 'cancelled') return { orderId, state: 'CANCELLED', reason: cancelled.reason };
  throw sagaFailure('OrderInWrongState', `${orderId} cannot be cancelled: it is ${cancelled.state}`);
}
