/**
 * The saga that brings an order from PENDING to APPROVED or CANCELLED across two services' databases:
 *
 *     createPendingOrder ──→ reserveCredit ──┬── reserved ──→ approveOrder
 *                            (the pivot)     └── rejected, or no answer in time ──→ cancelOrder(reason)
 */
import type { CreateOrderSettings, OrderRequest, OrderResult } from '../domain/contracts';
import { ORDER_TASK_QUEUE } from '../domain/names';
import type { CancellationReason as Reason } from '../domain/order';
import { defineSaga, type Saga, sagaFailure } from '../saga/workflow';
import { cancelByRequest } from './cancel-order-saga';
import { describeOutcome, recordGivingUp } from './order-outcomes';
import { approveOrder, cancelOrder, createPendingOrder, releaseCredit, reserveCredit } from './order-steps';

type OrderSaga = Saga<CreateOrderSettings>;

export const createOrderSaga = defineSaga<OrderRequest, OrderResult, CreateOrderSettings>(
  {
    taskQueue: ORDER_TASK_QUEUE,
    subject: ({ orderId }) => orderId,
    describe: describeOutcome,
    cancel: cancelByRequest,
    recordGivingUp,
  },
  async (order, saga) => {
    const { orderId } = order;
    const pending = await saga.step(createPendingOrder, order);
    if (pending.outcome === 'conflict') return { orderId, state: 'CONFLICT' };
    if (pending.outcome === 'owned-by-other') return { orderId, state: 'NOT_OWNED', ownedBy: pending.sagaId };

    const credit = await saga.step(reserveCredit, order, {
      undo: () => saga.step(releaseCredit, order),
      deadlineMs: saga.settings.creditCheckTimeoutMs,
    });
    switch (credit.outcome) {
      case 'rejected': // nothing is held
        return refuse(order, saga, credit.reason);
      case 'timed-out':
        return unwind(order, saga, 'CREDIT_CHECK_TIMEOUT');
      case 'released': // a cancellation, or an earlier run of this saga, has released it
        return unwind(order, saga, 'CREDIT_CHECK_FAILED');
      case 'failed': {
        const result = await unwind(order, saga, 'CREDIT_CHECK_FAILED');
        if (result.state === 'APPROVED') return result; // by another run of this saga, which was presumed dead
        throw sagaFailure('CreditCheckFailed', credit.message);
      }
      case 'conflict': // the reservation has other content, so this saga must not release it
        await refuse(order, saga, 'CREDIT_CHECK_FAILED');
        throw sagaFailure('ReservationConflict', `credit of ${orderId} is reserved with other content`);
      case 'reserved':
    }

    saga.commit();
    const approved = await saga.step(approveOrder, { orderId });
    // CANCELLING: an earlier run of this saga approved the order, and a cancellation is in progress.
    if (approved.outcome === 'approved' || approved.state === 'CANCELLING')
      return { orderId, state: 'APPROVED' };
    // Its customer, or another run of this saga, which was presumed dead, has cancelled the order.
    return unwind(order, saga, 'CREDIT_CHECK_FAILED');
  },
);

/** The row decides: another run of this saga may have approved the order. */
async function refuse({ orderId }: OrderRequest, saga: OrderSaga, reason: Reason): Promise<OrderResult> {
  const cancelled = await saga.step(cancelOrder, { orderId, reason });
  if (cancelled.outcome === 'cancelled') return { orderId, state: 'CANCELLED', reason: cancelled.reason };
  if (['APPROVED', 'CANCELLING'].includes(cancelled.state)) return { orderId, state: 'APPROVED' };
  throw sagaFailure('OrderInWrongState', `${orderId} cannot be cancelled: it is ${cancelled.state}`);
}

/** Cancels the row first, so that the customer sees it at once; the compensations may take long. */
async function unwind(order: OrderRequest, saga: OrderSaga, reason: Reason): Promise<OrderResult> {
  const result = await refuse(order, saga, reason);
  return result.state === 'CANCELLED' ? saga.unwind(result) : result;
}
