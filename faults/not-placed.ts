/** A caller that takes "not placed" for an answer, where that is what it has heard of its order. */
import { idToCreate } from '../api/idempotency';
import { saysNotPlaced } from './answers';
import type { Answer, Call, FaultClient, Refusal } from './client';

export interface PlacedOrNotOptions {
  /** Whether the request was sent before: that one may have begun the order. */
  readonly sentBefore: boolean;
  /** Whether the caller believes it. */
  readonly believes: boolean;
}

/** @returns a refusal when nothing was heard of the order but that it is not placed; undefined when the time was up */
export function untilPlacedOrNot(
  client: FaultClient,
  call: Call,
  { sentBefore, believes }: PlacedOrNotOptions,
): Promise<Answer | Refusal | undefined> {
  let nothingElse = !sentBefore;
  return client.until(call, (heard): heard is Answer | Refusal => {
    if (heard?.kind === 'answer') return true;
    nothingElse &&= saysNotPlaced(heard);
    return believes && nothingElse;
  });
}

/** @returns the id that an order has, or would have */
export function orderIdOf(key: string): string {
  return idToCreate(key, 'order').id;
}
