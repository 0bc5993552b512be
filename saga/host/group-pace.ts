/** Measures how long a group usually takes, and derives from it when the next groups may start. */

/**
 * 1 s at most: then a group that waits for something (an unreachable service, a locked row) gives its place to the next
 * group, so that it does not block others.
 */
const PLACE_MS = 1_000;

/** A group that takes 8 times as long as usual is waiting for something. */
const PLACE_SHARE = 8;

/**
 * 250 ms at most: then waiting subjects start a group beside those under way. To wait and start together is cheaper only
 * while a group is about to end.
 */
const ALONGSIDE_AFTER_MS = 250;

/**
 * After twice the usual time, the group under way will not end soon. When groups start at this pace, four places are taken
 * after 8 times the usual time, when the first is given back.
 */
const ALONGSIDE_SHARE = 2;

/** The newest group counts for an eighth: one slow group changes little, and a slower machine is noticed within a second. */
const NEWEST = 1 / 8;

/** A moving average of the time that a group takes. All times are milliseconds. */
export class GroupPace {
  #usualMs: number | undefined;

  /** How long to watch for the end of a group. */
  readonly watchMs = PLACE_MS;

  /** How long a group keeps its place at most. */
  get placeMs(): number {
    return this.#share(PLACE_SHARE, PLACE_MS);
  }

  /** How long a subject waits before its group starts beside the groups under way. */
  get alongsideAfterMs(): number {
    return this.#share(ALONGSIDE_SHARE, ALONGSIDE_AFTER_MS);
  }

  /** @param ms time from the start of a group to its end */
  ended(ms: number): void {
    this.#usualMs = this.#usualMs === undefined ? ms : this.#usualMs + NEWEST * (ms - this.#usualMs);
  }

  #share(share: number, atMost: number): number {
    return this.#usualMs === undefined ? atMost : Math.min(share * this.#usualMs, atMost);
  }
}
