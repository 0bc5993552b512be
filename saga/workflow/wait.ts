/** The state of the wait for a step: since when, for what reason, and whether the step is parked. */
import type { CarriedWait, ParkedStep } from '../contract';
import { now, timestamp } from './clock';
import type { EventCount } from './event-count';
import { LOCAL_ATTEMPTS } from './limits';
import type { Attempted } from './step-attempt';

/** The part of a saga that is used here. */
export interface SagaOfWait {
  readonly history: EventCount;
  readonly parkAfterMs: number;
}

export class Wait {
  #failures: number;
  /** Start of the wait, epoch milliseconds. */
  #since: number | undefined;
  #reason: string;
  #parked: boolean;
  #failsPermanently = false;
  /** Whether the timer until parking was started. */
  #watched = false;
  /** Counts the waits, so that the timer of an earlier wait has no effect. */
  #number = 0;

  constructor(
    private readonly words: string,
    private readonly saga: SagaOfWait,
    carried: CarriedWait | undefined,
  ) {
    this.#failures = carried?.failures ?? 0;
    this.#since = carried?.since;
    this.#reason = carried?.reason ?? '';
    this.#parked = carried?.parked ?? false;
  }

  /** Consecutive rounds that left a subject without an answer. At most 3 after a round in which another subject got one. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether a step that must succeed has failed permanently. */
  get failsPermanently(): boolean {
    return this.#failsPermanently;
  }

  get carried(): CarriedWait {
    const [failures, reason, parked] = [this.#failures, this.#reason, this.#parked];
    return { failures, since: this.#since ?? now(), reason, parked };
  }

  /** @param subjects ids of the waiting subjects */
  parked(subjects: readonly string[]): ParkedStep | undefined {
    if (!this.#parked || subjects.length === 0 || this.#since === undefined) return undefined;
    return { step: this.words, reason: this.#reason, since: timestamp(this.#since), subjects };
  }

  /**
   * Begins the wait of a step that must succeed.
   *
   * @param since epoch milliseconds
   * @returns whether to call {@link watch}
   */
  begin(since: number): boolean {
    this.#since ??= since;
    return !this.#parked && !this.#watched;
  }

  /** Parks the step when it has waited for `parkAfterMs`. */
  watch(onParked: () => void): void {
    this.#watched = true;
    const number = this.#number;
    const left = (this.#since ?? now()) + this.saga.parkAfterMs - now();
    void this.saga.history.sleep(Math.max(left, 1), `until it is parked: ${this.words}`).then(() => {
      if (this.#number !== number) return;
      this.#parked = true;
      onParked();
    });
  }

  /** Call after an attempt for all waiting subjects that left one of them without an answer. */
  round(attempted: Attempted, mustSucceed: boolean): void {
    // After some progress the pauses are short again, but a step that is on its task queue stays there.
    this.#failures = Math.min(this.#failures + 1, attempted.progressed ? LOCAL_ATTEMPTS : Infinity);
    this.failed(attempted, mustSucceed);
  }

  /** Call after a failed attempt. A permanent failure of a step that must succeed parks it at once. */
  failed({ failed }: Attempted, mustSucceed: boolean): void {
    if (!failed) return;
    this.#reason = failed.reason;
    if (failed.kind !== 'permanent' || !mustSucceed) return;
    this.#parked = true;
    this.#failsPermanently = true;
  }

  /** Call when no subject waits any more. */
  end(): void {
    this.#failures = 0;
    this.#since = undefined;
    this.#parked = false;
    this.#failsPermanently = false;
    this.#watched = false;
    this.#number += 1;
  }
}
