/** Answers that several of the models' steps give. */
import type { Busy, OrderRequest, WrongState } from '../../domain/contracts';
import type { OrderState } from '../../domain/order';
import type { Transition } from '../../domain/order-transitions';

export function busy(orderId: string): Busy {
  return { orderId, outcome: 'busy' };
}

export function sameContent(one: OrderRequest, other: OrderRequest): boolean {
  return (
    one.customerId === other.customerId &&
    one.totalMinor === other.totalMinor &&
    one.currency === other.currency
  );
}

export function notThere(
  orderId: string,
  row: { readonly state: OrderState } | undefined,
  transitions: readonly Transition[],
): Busy | WrongState {
  return transitions.some(({ from }) => from === row?.state)
    ? busy(orderId)
    : { orderId, outcome: 'wrong-state', state: row?.state ?? 'MISSING' };
}
