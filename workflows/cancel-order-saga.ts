/**
 * The saga that cancels an order at its customer's request, whatever the saga that creates it is at:
 *
 *     requestCancellation ──┬── PENDING → CANCELLED ────→ releaseCredit
 *     (the row decides)     └── APPROVED → CANCELLING ──→ releaseCredit ──→ cancelOrder (CANCELLING → CANCELLED)
 *
 * CANCELLING is the semantic lock. From the first step on there is no way but forward. Where no credit is held yet, its
 * release leaves a tombstone, so that a reservation that comes later loses.
 */
import type { OrderResult, OrderToCancel } from '../domain/contracts';
import { ORDER_TASK_QUEUE } from '../domain/names';
import { defineSaga, type Saga, sagaFailure } from '../saga/workflow';
import { inWords, recordGivingUp } from './order-outcomes';
import { cancelOrder, releaseCredit, requestCancellation } from './order-steps';

/**
 * @throws ApplicationFailure `SagaFailed` when the order is missing: a bug; or an operator gave a step up
 */
export const cancelOrderSaga = defineSaga<OrderToCancel, OrderResult, unknown>(
  { taskQueue: ORDER_TASK_QUEUE, subject: ({ orderId }) => orderId, describe: inWords, recordGivingUp },
  (order, saga) => cancelByRequest(order, saga),
);

/** @param outcome of an order that its saga has brought to an end */
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
    // What the saga of a refused order has reserved, that saga releases.
    if (reason === 'CUSTOMER_REQUEST') await saga.step(releaseCredit, order);
    return saga.unwind({ orderId, state: 'CANCELLED', reason });
  }
  saga.commit();
  await saga.step(releaseCredit, order);
  const cancelled = await saga.step(cancelOrder, { orderId, reason: 'CUSTOMER_REQUEST' });
  if (cancelled.outcome === 'cancelled') return { orderId, state: 'CANCELLED', reason: cancelled.reason };
  throw sagaFailure('OrderInWrongState', `${orderId} cannot be cancelled: it is ${cancelled.state}`);
}
