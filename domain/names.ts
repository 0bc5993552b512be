/**
 * The names that several processes share: workflow types, task queues, search attributes, and the functions that derive
 * ids.
 */

export const CREATE_ORDER_SAGA = 'createOrderSaga';
export const CANCEL_ORDER_SAGA = 'cancelOrderSaga';

/** Task queue of the order service: the sagas, and the order steps that the server retries. */
export const ORDER_TASK_QUEUE = 'order';

/** Task queue of the customer service: the credit steps when distributed, and those that the server retries. */
export const CUSTOMER_TASK_QUEUE = 'customer';

/** Keyword list with the ids of a saga's orders; finds the saga of an order in the Temporal UI. */
export const ORDER_IDS_ATTRIBUTE = 'OrderIds';

/**
 * Workflow id of the saga that carries these orders: `order-<orderId>` for one order, `orders-<first orderId>-<count>`
 * for a group. It is also the orders' `saga_id`.
 *
 * @throws RangeError when the list is empty
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
