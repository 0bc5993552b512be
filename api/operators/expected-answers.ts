/** The answers with which an order goes on, for steps that have none yet. */
import type { OrderState } from '../../domain/order';
import type { Step, StepAnswer } from '../../saga/workflow';

/**
 * By activity: the outcome, where the step does not declare it as the straight one. The order's state tells what a requested
 * cancellation finds.
 */
const OUTCOMES: Readonly<Record<string, (state: OrderState) => string>> = {
  cancelOrders: () => 'cancelled',
  releaseCredit: () => 'released',
  giveUpOrders: () => 'given-up',
  requestCancellations: (state) => (['APPROVED', 'CANCELLING'].includes(state) ? 'cancelling' : 'cancelled'),
};

/** @returns undefined for a step that this table does not know */
export function expectedAnswer<Item extends object, Answer extends StepAnswer>(
  { activity, straight }: Step<Item, Answer>,
  item: Item,
  state: OrderState,
): object | undefined {
  const outcome = straight ?? OUTCOMES[activity]?.(state);
  if (outcome === undefined) return undefined;
  const reason = 'reason' in item ? item.reason : 'CUSTOMER_REQUEST';
  return { outcome, reason };
}
