/** A client that may accept "not placed" as the final answer of its order. */
import { idToCreate } from '../../api/http/idempotency';
import { ANYBODY } from '../../api/http/principal';
import { isNotPlaced } from './answer-kinds';
import type { Answer, Call, Refusal, RetryingClient } from './retrying-client';

export interface PlacedOrNotOptions {
  /** Whether the request was sent before; the earlier one may have started the order. */
  readonly sentBefore: boolean;
  /** Whether the client accepts "not placed". */
  readonly trusts: boolean;
}

/** @returns a refusal when every answer was "not placed"; undefined at the deadline */
export function untilPlacedOrNot(
  client: RetryingClient,
  call: Call,
  { sentBefore, trusts }: PlacedOrNotOptions,
): Promise<Answer | Refusal | undefined> {
  let onlyRejections = !sentBefore;
  return client.until(call, (classified): classified is Answer | Refusal => {
    if (classified?.kind === 'answer') return true;
    onlyRejections &&= isNotPlaced(classified);
    return trusts && onlyRejections;
  });
}

/** @returns the id that an order has, or would have */
export function orderIdOf(key: string): string {
  return idToCreate(ANYBODY, key, 'order').id;
}
