/** What is known of a wait for a step: since when, why, and whether it is parked. */
import type { CarriedWait, ParkedStep } from '../contract';
import { now, timestamp } from './clock';
import type { EventCount } from './event-count';
import { LOCAL_ATTEMPTS } from './limits';
import type { Attempted } from './step-attempt';

/** What is needed of the saga. */
export interface SagaOfWait {
  readonly history: EventCount;
  readonly parkAfterMs: number;
}

export class Wait {
  #failures: number;
  /** Epoch milliseconds. */
  #since: number | undefined;
  #reason: string;
  #parked: boolean;
  #failsPermanently = false;
  /** Whether a timer says when it is parked. */
  #watched = false;
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

  /** Rounds in a row that have left somebody without an answer; fewer count after one in which somebody has had one. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether an attempt has failed permanently, though the step must succeed. */
  get failsPermanently(): boolean {
    return this.#failsPermanently;
  }

  get carried(): CarriedWait {
    const [failures, reason, parked] = [this.#failures, this.#reason, this.#parked];
    return { failures, since: this.#since ?? now(), reason, parked };
  }

  /** @param subjects that wait */
  parked(subjects: readonly string[]): ParkedStep | undefined {
    if (!this.#parked || subjects.length === 0 || this.#since === undefined) return undefined;
    return { step: this.words, reason: this.#reason, since: timestamp(this.#since), subjects };
  }

  /**
   * @param since epoch milliseconds
   * @returns whether {@link watch} is to be called
   */
  begin(since: number): boolean {
    this.#since ??= since;
    return !this.#parked && !this.#watched;
  }

  /** A step that must succeed and has waited for long is parked. */
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

  /** An attempt for all that wait has left somebody without an answer. */
  round(attempted: Attempted, mustSucceed: boolean): void {
    // Some progress begins the pauses again, but a step that is on its task queue stays there.
    this.#failures = Math.min(this.#failures + 1, attempted.progressed ? LOCAL_ATTEMPTS : Infinity);
    this.failed(attempted, mustSucceed);
  }

  /** A permanent failure of a step that must succeed parks it at once. */
  failed({ failed }: Attempted, mustSucceed: boolean): void {
    if (!failed) return;
    this.#reason = failed.reason;
    if (failed.kind !== 'permanent' || !mustSucceed) return;
    this.#parked = true;
    this.#failsPermanently = true;
  }

  /** Nobody waits any more. */
  end(): void {
    this.#failures = 0;
    this.#since = undefined;
    this.#parked = false;
    this.#failsPermanently = false;
    this.#watched = false;
    this.#number += 1;
  }
}
