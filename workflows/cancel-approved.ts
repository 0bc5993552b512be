/**
 * An order that was to be cancelled while its saga ran, and is APPROVED all the same: an earlier run of the saga, whose
 * worker was taken for dead, had approved it; or Temporal's Cancel came during the approval. Whoever was told that
 * the order is going to be cancelled was told so for good: `cancelOrderSaga` does it.
 */
import { defineSearchAttributeKey, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { patched, startChild } from '@temporalio/workflow';
import type { CreateOrderSagaInput, OrderRequest } from '../domain/contracts';
import { CANCEL_ORDER_SAGA, cancelSagaWorkflowId, ORDER_IDS_ATTRIBUTE } from '../domain/names';
import { CANCELLATION_SUMMARY, SAGA_FLAGS, WORKFLOW_TASK_TIMEOUT_MS } from '../domain/saga-start';
import type { cancelOrderSaga } from './cancel-order-saga';

/** Sagas from before this was done must replay without: docs/changing-a-saga.md. */
const PATCH = 'cancel-approved';

/** @param cancellationKey of the request that was accepted, if it came with one */
export async function cancelApproved(
  { placement, attentionAfterMs }: CreateOrderSagaInput,
  order: OrderRequest,
  cancellationKey: string | undefined,
): Promise<void> {
  if (!patched(PATCH)) return;
  const orderIds = defineSearchAttributeKey(ORDER_IDS_ATTRIBUTE, 'KEYWORD_LIST');
  try {
    await startChild<typeof cancelOrderSaga>(CANCEL_ORDER_SAGA, {
      workflowId: cancelSagaWorkflowId(order.orderId),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      parentClosePolicy: 'ABANDON',
      args: [{ placement, order, cancellationKey, attentionAfterMs, ...SAGA_FLAGS }],
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
      typedSearchAttributes: [{ key: orderIds, value: [order.orderId] }],
      staticSummary: CANCELLATION_SUMMARY,
    });
  } catch (failure) {
    // Somebody has asked for it again.
    if (!(failure instanceof WorkflowExecutionAlreadyStartedError)) throw failure;
  }
}
