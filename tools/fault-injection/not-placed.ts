/** A caller that takes "not placed" for an answer, where that is what it has heard of its order. */
import { idToCreate } from '../../api/http/idempotency';
import { saysNotPlaced } from './answer-kinds';
import type { Answer, Call, Refusal, RetryingClient } from './retrying-client';

export interface PlacedOrNotOptions {
  /** Whether the request was sent before: that one may have begun the order. */
  readonly sentBefore: boolean;
  /** Whether the caller believes it. */
  readonly believes: boolean;
}

/** @returns a refusal when nothing was heard of the order but that it is not placed; undefined when the time was up */
export function untilPlacedOrNot(
  client: RetryingClient,
  call: Call,
  { sentBefore, believes }: PlacedOrNotOptions,
): Promise<Answer | Refusal | undefined> {
  let nothingElse = !sentBefore;
  return client.until(call, (classified): classified is Answer | Refusal => {
    if (classified?.kind === 'answer') return true;
    nothingElse &&= saysNotPlaced(classified);
    return believes && nothingElse;
  });
}

/** @returns the id that an order has, or would have */
export function orderIdOf(key: string): string {
  return idToCreate(key, 'order').id;
}
