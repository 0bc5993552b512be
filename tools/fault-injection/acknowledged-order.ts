/** What a client knows of an order that it has placed. */
import type { Answer, Call } from './retrying-client';

export interface Acknowledged {
  readonly orderId: string;
  readonly customerId: string;
  readonly amount: string;
  readonly key: string;
  /** States that the client has received. */
  readonly states: Set<string>;
  /** States in reads and answers that were requested after the cancellation had been accepted. */
  readonly statesAfterCancel: Set<string>;
  /** A cancellation was accepted. */
  cancelled: boolean;
  /** A cancellation was refused because the order was already cancelled for another reason. */
  refusedToCancel: boolean;
}

type Order = Pick<Acknowledged, 'orderId' | 'customerId' | 'amount' | 'key'>;

/** @param state of the first answer */
export function acknowledged(order: Order, state: string): Acknowledged {
  const never = { cancelled: false, refusedToCancel: false };
  return { ...order, states: new Set([state]), statesAfterCancel: new Set(), ...never };
}

/** Records the state in an answer. */
export function recordAnswer({ states, statesAfterCancel, cancelled }: Acknowledged, { body }: Answer): void {
  const state = String(body['state']);
  states.add(state);
  if (cancelled) statesAfterCancel.add(state);
}

/** @param headers in addition to the key */
export function placeOrder(
  { customerId, amount, key }: Pick<Acknowledged, 'customerId' | 'amount' | 'key'>,
  headers: Readonly<Record<string, string>> = {},
): Call {
  return {
    method: 'POST',
    path: '/orders',
    body: { customerId, orderTotal: { amount, currency: 'USD' } },
    headers: { 'Idempotency-Key': key, ...headers },
  };
}
