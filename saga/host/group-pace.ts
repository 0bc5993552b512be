/** How long the groups take that wait for nothing, and what follows from it for those that come next. */

/**
 * 1 s: a group that waits for something (an absent service, a locked row) gives its place to the next one after this at
 * the latest, so that it blocks nobody.
 */
const PLACE_MS = 1_000;

/** A group that takes 8 times as long as usual waits for something. */
const PLACE_SHARE = 8;

/**
 * 250 ms at the latest: waiting for a group and going together is cheaper than going alongside only while the group
 * is about to end.
 */
const ALONGSIDE_AFTER_MS = 250;

/** Twice as long as usual: the group under way does not end soon. Four places at this pace are 8 times as long, too. */
const ALONGSIDE_SHARE = 2;

/** The newest group counts for an eighth: one slow group changes little, a slower machine is known after a second. */
const NEWEST = 1 / 8;

export class GroupPace {
  #usualMs: number | undefined;

  /** For as long the end of a group is of interest. */
  readonly watchMs = PLACE_MS;

  /** How long a group keeps its place. */
  get placeMs(): number {
    return this.#share(PLACE_SHARE, PLACE_MS);
  }

  /** How long those that wait for a group wait before they go alongside. */
  get alongsideAfterMs(): number {
    return this.#share(ALONGSIDE_SHARE, ALONGSIDE_AFTER_MS);
  }

  /** @param ms that a group took from its start to its end */
  ended(ms: number): void {
    this.#usualMs = this.#usualMs === undefined ? ms : this.#usualMs + NEWEST * (ms - this.#usualMs);
  }

  #share(share: number, atMost: number): number {
    return this.#usualMs === undefined ? atMost : Math.min(share * this.#usualMs, atMost);
  }
}
