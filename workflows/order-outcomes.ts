/** Shared by the order sagas: the description of an outcome, and the recording of a decision to give up. */
import type { GivingUp, OrderRequest, OrderResult } from '../domain/contracts';
import type { Saga } from '../saga/workflow';
import { giveUpOrder } from './order-steps';

export function describeOutcome(result: OrderResult): string {
  return 'reason' in result ? `${result.state}: ${result.reason}` : result.state;
}

/** Does not change the order, which stays as it is until its saga runs again (`npm run repair`). */
export function recordGivingUp(
  { orderId, customerId, totalMinor, currency }: OrderRequest,
  givingUp: GivingUp,
  saga: Saga<unknown>,
): Promise<unknown> {
  return saga.step(giveUpOrder, { orderId, customerId, totalMinor, currency, givingUp });
}
