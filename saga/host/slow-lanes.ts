/**
 * Detects the lanes whose sagas wait for locked rows. A subject of such a lane would wait, too. In a group of its own kind
 * it costs the other subjects nothing: their sagas end at once and have no attempts to repeat.
 */
import type { ExpectedProgress } from './saga-ends';
import { unlessLate } from './with-timeout';

/** 1 s: a row that many sagas use is locked for milliseconds, and these sagas are faster in common groups. */
const SLOW_AFTER_MS = 1_000;

/**
 * 60 s: a saga that moved to another process does not report its end here. If its lane still waits, the next saga of the
 * lane reports it again.
 */
const FOLLOW_MS = 60_000;

/** A lane is slow while at least one saga that this process started and runs has waited in it for over a second. */
export class SlowLanes {
  /** Number of waiting sagas of each slow lane. */
  readonly #waiting = new Map<string, number>();

  isSlow(lane: string): boolean {
    return this.#waiting.has(lane);
  }

  /**
   * Follows a saga until it has ended, or for a minute. Never rejects.
   *
   * @param lanes the lane of each subject, by the subject's id
   */
  async follow(lanes: ReadonlyMap<string, string>, saga: ExpectedProgress): Promise<void> {
    const nobody = saga.ended.then((): readonly string[] => []);
    const waiting = (await unlessLate(Promise.race([saga.waits, nobody]), FOLLOW_MS)) ?? [];
    if (waiting.length > 0 && !(await unlessLate(nobody, SLOW_AFTER_MS))) {
      const slow = new Set(waiting.flatMap((subjectId) => lanes.get(subjectId) ?? []));
      for (const lane of slow) this.#waiting.set(lane, (this.#waiting.get(lane) ?? 0) + 1);
      await unlessLate(saga.ended, FOLLOW_MS);
      for (const lane of slow) this.#leave(lane);
    }
    saga.forget();
  }

  #leave(lane: string): void {
    const left = (this.#waiting.get(lane) ?? 0) - 1;
    if (left > 0) this.#waiting.set(lane, left);
    else this.#waiting.delete(lane);
  }
}
