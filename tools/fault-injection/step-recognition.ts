/** Recognizes the step that a statement runs. */
import type { CreditSteps, OrderSteps } from '../../domain/contracts';
import { CUSTOMER_TASK_QUEUE } from '../../domain/names';
import * as orderSteps from '../../workflows/order-steps';

export type Step = Exclude<keyof (OrderSteps & CreditSteps), 'giveUpOrders'>;

/** Text that only a request of this step contains. */
const MARKS: Readonly<Record<Step, string>> = {
  createPendingOrders: 'INSERT INTO orders (',
  reserveCredit: 'FROM reserve_credit(',
  approveOrders: 'OrderApproved',
  // Before cancelOrders: its statement names both events, because a PENDING order is cancelled at once.
  requestCancellations: 'OrderCancellationRequested',
  cancelOrders: 'OrderCancelled',
  releaseCredit: 'FROM release_credit(',
};

export const STEPS = Object.keys(MARKS) as readonly Step[];

export const CREDIT_STEPS: readonly string[] = Object.values(orderSteps)
  .filter(({ taskQueue }) => taskQueue === CUSTOMER_TASK_QUEUE)
  .map(({ activity }) => activity);

/** What every statement that records events binds: the versions of all types of them. */
const VERSIONS = /\{(?:"\w+":\d+,?)+\}/;

/** The first parameter of every step: the list of its orders. */
const ORDERS = /\{("?[0-9a-f]{8}-[0-9a-f-]{27}"?(?:,"?[0-9a-f]{8}-[0-9a-f-]{27}"?)*)\}/;

/** @param words the text of the statement and the parameters bound to it */
export function stepOf(words: string): Step | undefined {
  // A step runs as one statement with its event; statements that read events contain their names too.
  if (!words.includes('INSERT INTO outbox') && !words.includes('_credit(')) return undefined;
  const own = words.replace(VERSIONS, '');
  return STEPS.find((step) => own.includes(MARKS[step]));
}

/** @param words of a step's statement */
export function orderIdsOf(words: string): readonly string[] {
  return ORDERS.exec(words)?.[1]?.replaceAll('"', '').split(',') ?? [];
}

/** Whether a call to Temporal reports the result of the step for one of the orders. */
export function reportsResult(words: string, step: Step, orderIds: readonly string[]): boolean {
  return words.includes('"outcome"') && words.includes(step) && orderIds.some((id) => words.includes(id));
}
