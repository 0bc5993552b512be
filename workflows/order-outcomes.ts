/** What the order sagas have in common: how an outcome reads, and how a decision to give up is kept. */
import type { GivingUp, OrderRequest, OrderResult } from '../domain/contracts';
import type { Saga } from '../saga/workflow';
import { giveUpOrder } from './order-steps';

export function inWords(result: OrderResult): string {
  return 'reason' in result ? `${result.state}: ${result.reason}` : result.state;
}

/** The order stays as it is until its saga runs again (`npm run repair`). */
export function recordGivingUp(
  { orderId, customerId, totalMinor, currency }: OrderRequest,
  givingUp: GivingUp,
  saga: Saga<unknown>,
): Promise<unknown> {
  return saga.step(giveUpOrder, { orderId, customerId, totalMinor, currency, givingUp });
}
