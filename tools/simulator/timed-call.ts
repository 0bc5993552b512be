/** One request in a timed run: when its attempt is over, and whether the server retries it. */
import { conditionOf, type Outage } from './outages';
import type { StepCall, Waiting } from './step-call';

/** 5 ms. */
const STATEMENT_MS = 5;

export class TimedCall {
  /** Until when its attempt hangs; undefined when it does not. */
  hangsUntil: number | undefined;
  readonly #waiting: Waiting | undefined;
  readonly #run: number | undefined;
  #failures = 0;
  #due = 0;

  /** @param at milliseconds after the start, as all times here */
  constructor(
    readonly call: StepCall,
    private readonly outages: readonly Outage[],
    private readonly at: number,
  ) {
    this.#waiting = call.waiting;
    this.#run = call.waiting?.saga.nextRun;
    this.#attempt(at);
  }

  /** When something becomes of it. */
  get due(): number {
    return this.isDropped ? this.at : this.#due;
  }

  /** The saga to notify that the server has cancelled this attempt, because another one replaced it. */
  get cancelledFor(): Waiting | undefined {
    if (!this.call.step.remote || this.call.waiting || !this.#waiting) return undefined;
    const { saga } = this.#waiting;
    return saga.outcome || saga.nextRun !== this.#run ? undefined : this.#waiting;
  }

  /** Whether no saga waits for it any more and it has not started. */
  get isDropped(): boolean {
    return this.call.step.remote && this.#waiting !== undefined && !this.call.waiting;
  }

  /** @returns whether the server has time for another attempt; then it is due */
  retry(at: number): boolean {
    const { step } = this.call;
    this.#failures += 1;
    const next = at + step.pauseAfter(this.#failures);
    if (!step.remote || next > this.at + step.windowMs) return false;
    this.call.again();
    this.#attempt(next);
    return true;
  }

  #attempt(at: number): void {
    const { step } = this.call;
    const condition = conditionOf(this.outages, step, at);
    this.hangsUntil = condition.kind === 'hangs' ? condition.until : undefined;
    this.#due = at + (condition.kind === 'hangs' ? step.attemptMs : STATEMENT_MS);
  }
}
