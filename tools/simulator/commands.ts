/** The commands that the code of a saga has issued, and how their results reach it. */
import { ActivityFailure, CancelledFailure, RetryState } from '@temporalio/common';
import { type Answer, Divergence, type StepEnded } from './activation';
import type { StepRequested, StepResults } from './workflow-host';

interface Pending extends StepRequested {
  readonly settle: (answer: Answer) => void;
  readonly cancel: (failure: Error) => void;
}

interface Timer {
  /** Milliseconds of the epoch. */
  readonly due: number;
  /** As it is shown to people. */
  readonly summary: string;
  readonly fire: () => void;
}

export class Commands {
  /** Asked for, and not answered. */
  readonly steps = new Map<number, Pending>();
  readonly timers = new Map<number, Timer>();
  /** What becomes an event of the history when the task is completed, in order; a local step does when it has ended. */
  readonly issued: string[] = [];
  now = 0;
  #seq = 0;
  /** Cancelled remote steps; the code does not get their results. */
  readonly #cancelled = new Set<number>();
  readonly #toCancel: number[] = [];

  /** Of what has been asked for. */
  get lastSeq(): number {
    return this.#seq;
  }

  /**
   * As in the SDK, the result of a local step reaches the code some microtasks later than that of a remote
   * one.
   */
  ask(step: StepRequested): Promise<StepResults> {
    return step.remote ? this.#scheduled(step) : this.#local(step);
  }

  sleep(ms: number, summary: string): Promise<void> {
    const seq = this.#nextSeq();
    this.issued.push(`timer ${String(seq)}`);
    return new Promise((resolve) => {
      this.timers.set(seq, { due: this.now + ms, summary, fire: resolve });
    });
  }

  /**
   * Asks the server to cancel remote steps; it may have them done all the same. The waits end when the jobs at hand are
   * done, but for those that these have an answer for.
   */
  cancel(seqs: readonly number[]): void {
    for (const seq of seqs) {
      const step = this.steps.get(seq);
      if (!step?.remote) continue;
      this.issued.push(`cancel ${step.name} ${String(seq)}`);
      this.#toCancel.push(seq);
    }
  }

  isCancelled(seq: number): boolean {
    return this.#cancelled.has(seq);
  }

  /** @returns whether a wait has ended */
  protected cancelNow(): boolean {
    let ended = false;
    for (const seq of this.#toCancel.splice(0)) {
      const step = this.steps.get(seq);
      if (!step) continue;
      this.steps.delete(seq);
      this.#cancelled.add(seq);
      step.cancel(cancelledStep(step));
      ended = true;
    }
    return ended;
  }

  async #local(step: StepRequested): Promise<StepResults> {
    const scheduled = async () => this.#scheduled(step);
    return await scheduled();
  }

  #scheduled(step: StepRequested): Promise<StepResults> {
    const seq = this.#nextSeq();
    if (step.remote) this.issued.push(`${step.name} ${String(seq)}`);
    return new Promise((resolve, reject) => {
      const settle = (answer: Answer) => {
        if ('results' in answer) resolve(answer.results);
        else reject(answer.failure);
      };
      this.steps.set(seq, { settle, cancel: reject, ...step });
    });
  }

  #nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /** @throws Divergence when the code does not wait for it */
  protected fire(seq: number): void {
    const timer = this.timers.get(seq);
    if (!timer) throw new Divergence(`timer ${String(seq)} is not waited for`);
    this.timers.delete(seq);
    timer.fire();
  }

  /** @throws Divergence when the code does not wait for it */
  protected settle({ seq, name, answer }: StepEnded): void {
    if (this.#cancelled.has(seq)) return;
    const step = this.steps.get(seq);
    if (step?.name !== name)
      throw new Divergence(`recorded: ${name}; now: ${step?.name ?? 'something else'}`);
    this.steps.delete(seq);
    step.settle(answer);
  }
}

function cancelledStep({ name, sagaId }: StepRequested): Error {
  const cause = new CancelledFailure('replaced by another attempt');
  return new ActivityFailure(
    'Activity task cancelled',
    name,
    sagaId,
    RetryState.CANCEL_REQUESTED,
    undefined,
    cause,
  );
}
