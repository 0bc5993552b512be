/**
 * Every name that two processes must agree on stands here once: workflow types, task queues, the
 * search attributes, and the functions that derive ids.
 */

export const CREATE_ORDER_SAGA = 'createOrderSaga';
export const CANCEL_ORDER_SAGA = 'cancelOrderSaga';

/** Task queue of the order service: the sagas, and their order-side steps when the server retries them. */
export const ORDER_TASK_QUEUE = 'order';

/** Task queue of the customer service: the steps that reserve and release credit, where they run apart or the server retries them. */
export const CUSTOMER_TASK_QUEUE = 'customer';

/** Keyword list with the ids of a saga's orders; finds the saga of any order in the Temporal UI. */
export const ORDER_IDS_ATTRIBUTE = 'OrderIds';

/**
 * Workflow id of the saga that carries these orders: `order-<orderId>` for one,
 * `orders-<first orderId>-<count>` for a group. It is also the orders' `saga_id`.
 *
 * @throws RangeError when the list is empty: a saga without orders has no id
 */
export function sagaWorkflowId(orderIds: readonly string[]): string {
  const [first] = orderIds;
  if (first === undefined) throw new RangeError('a saga carries at least one order');
  return orderIds.length === 1 ? `order-${first}` : `orders-${first}-${String(orderIds.length)}`;
}

const CANCEL_SAGA_PREFIX = 'cancel-order-';

/** Workflow id of the saga that cancels an order at its customer's request. */
export function cancelSagaWorkflowId(orderId: string): string {
  return `${CANCEL_SAGA_PREFIX}${orderId}`;
}

export function isCancelSaga(sagaId: string | null): boolean {
  return sagaId?.startsWith(CANCEL_SAGA_PREFIX) ?? false;
}
