/** Tells when a step has been asked for as long as it may be, or as its failing may go unsaid. */
import { sleep } from '@temporalio/workflow';
import { now } from './clock';

export class StepLimit {
  readonly #atMs: number;
  #fired = false;

  /**
   * @param afterMs milliseconds from now
   * @param byTimer false in a saga from before this was told by a timer; it looks at its clock
   */
  constructor(
    afterMs: number,
    private readonly byTimer: boolean,
  ) {
    this.#atMs = now() + afterMs;
  }

  /** Milliseconds, for how long one attempt may take; never to go one way or the other: it differs on replay. */
  get leftMs(): number {
    return this.#atMs - now();
  }

  get isPassed(): boolean {
    return this.byTimer ? this.#fired : now() >= this.#atMs;
  }

  /** Called when the step has failed for the first time: one that succeeds costs no timer. */
  watch(words: string, onPassed: () => void): void {
    if (!this.byTimer) return;
    void sleep(Math.max(this.leftMs, 0), { summary: `the longest that is waited for: ${words}` }).then(() => {
      this.#fired = true;
      onPassed();
    });
  }
}
