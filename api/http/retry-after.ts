/** When those who were refused are to come back: the more of them there are, the more rarely each. */
import { randomInt } from 'node:crypto';

/**
 * 1 to 3 s where few are refused: what is under way is finished by then. Drawn, so that those who were refused at once do
 * not come back at once.
 */
const FEW_S = { least: 1, most: 3 };

/**
 * A second more for every 10 that were refused in the last one. A refusal costs a fifth of what an order costs: a crowd that
 * comes back as often as a few may would take the time of those who were taken.
 */
const REFUSED_FOR_A_SECOND_MORE = 10;

/** 30 s: a caller who is told more gives up instead; the crowd may be gone long before. */
const MOST_S = 30;

const SECOND_MS = 1_000;

export class RetryAfter {
  #since = 0;
  #count = 0;
  #before = 0;

  /**
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
    const refused = Math.max(this.#before, this.#count);
    const most = Math.min(FEW_S.most + Math.floor(refused / REFUSED_FOR_A_SECOND_MORE), MOST_S);
    return randomInt(FEW_S.least, most + 1);
  }
}
