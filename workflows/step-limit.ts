/** Tells when a step has been asked for as long as it may be, or as its failing may go unsaid. */
import { sleep } from '@temporalio/workflow';
import { now } from './clock';

export class StepLimit {
  readonly #began = now();
  #fired = false;

  /**
   * @param afterMs milliseconds from now
   * @param byTimer false in a saga from before this was told by a timer; it looks at its clock
   */
  constructor(
    private readonly afterMs: number,
    private readonly byTimer: boolean,
  ) {}

  /** Milliseconds, for how long something may take; never to go one way or the other: they differ on replay. */
  get elapsedMs(): number {
    return now() - this.#began;
  }

  get isPassed(): boolean {
    return this.byTimer ? this.#fired : this.elapsedMs >= this.afterMs;
  }

  /** Called when the step has failed for the first time: one that succeeds costs no timer. */
  watch(words: string, onPassed: () => void): void {
    if (!this.byTimer) return;
    const leftMs = Math.max(this.afterMs - this.elapsedMs, 0);
    void sleep(leftMs, { summary: `the longest that is waited for: ${words}` }).then(() => {
      this.#fired = true;
      onPassed();
    });
  }
}
