/**
 * Every name that two processes must agree on stands here once: workflow types, task queues, the
 * search attributes, and the functions that derive ids.
 */

export const CREATE_ORDER_SAGA = 'createOrderSaga';
export const CANCEL_ORDER_SAGA = 'cancelOrderSaga';

/** Update of `createOrderSaga`: cancels one of its orders, by id. */
export const REQUEST_CANCELLATION = 'requestCancellation';

/** Query of both sagas: the steps that must succeed and keep failing. */
export const PARKED_STEPS = 'parkedSteps';

/** Updates of both sagas, for an operator: a parked step is asked for at once, or given up. */
export const RETRY_STEP = 'retryStep';
export const GIVE_UP_STEP = 'giveUpStep';

/** Task queue of the order service: the sagas and their order-side steps. */
export const ORDER_TASK_QUEUE = 'order';

/** Task queue of the customer service: the steps that reserve and release credit, where they run apart. */
export const CUSTOMER_TASK_QUEUE = 'customer';

/**
 * Failure type of a credit step that was asked for in an order service process which has no customer
 * database: the saga asks on {@link CUSTOMER_TASK_QUEUE} instead.
 */
export const STEP_RUNS_ELSEWHERE = 'StepRunsElsewhere';

/** Keyword list with the ids of a saga's orders; finds the saga of any order in the Temporal UI. */
export const ORDER_IDS_ATTRIBUTE = 'OrderIds';

/** Keyword list with the steps of a saga that keep failing though they must succeed; unset when there are none. */
export const NEEDS_ATTENTION_ATTRIBUTE = 'NeedsAttention';

/** What a namespace must know before sagas run in it; each is a keyword list. */
export const SEARCH_ATTRIBUTES = [ORDER_IDS_ATTRIBUTE, NEEDS_ATTENTION_ATTRIBUTE] as const;

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

/** Workflow id of the saga that cancels an approved order. */
export function cancelSagaWorkflowId(orderId: string): string {
  return `${CANCEL_SAGA_PREFIX}${orderId}`;
}

export function isCancelSaga(sagaId: string | null): boolean {
  return sagaId?.startsWith(CANCEL_SAGA_PREFIX) ?? false;
}
