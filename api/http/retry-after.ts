/** The `Retry-After` of excess requests: the more requests are rejected, the longer it is. */
import { randomInt } from 'node:crypto';

/** 1 to 3 s: requests in progress end, and databases and Temporal restart, within that time. */
const SHORT_S = { min: 1, max: 3 };

/**
 * One second more for every 10 requests that were rejected within a second. A rejection costs a fifth of an order. Without
 * this, many clients that retry often would take the time from the accepted orders.
 */
const REJECTED_PER_EXTRA_SECOND = 10;

/** 30 s: clients do not wait longer, and the overload may have ended long before. */
const MAX_S = 30;

const SECOND_MS = 1_000;

/** @returns 1 to 3 s, at random, so that clients that were rejected together do not retry together */
export function shortRetryAfter(): number {
  return randomUpTo(SHORT_S.max);
}

export class RetryAfter {
  #since = 0;
  #count = 0;
  #before = 0;

  /**
   * Counts a rejected request.
   *
   * @param now milliseconds of the monotonic clock
   * @returns seconds, for `Retry-After`
   */
  seconds(now: number): number {
    const seconds = Math.floor((now - this.#since) / SECOND_MS);
    if (seconds > 0) {
      this.#before = seconds === 1 ? this.#count : 0;
      this.#count = 0;
      this.#since += seconds * SECOND_MS;
    }
    this.#count += 1;
    const rejected = Math.max(this.#before, this.#count);
    return randomUpTo(Math.min(SHORT_S.max + Math.floor(rejected / REJECTED_PER_EXTRA_SECOND), MAX_S));
  }
}

function randomUpTo(max: number): number {
  return randomInt(SHORT_S.min, max + 1);
}
