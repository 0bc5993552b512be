/** One saga as Temporal has it: its history, which outlives every worker, and the worker that has it now. */
import type { CancellationRequest } from '../domain/contracts';
import { WORKFLOW_TASK_TIMEOUT_MS } from '../domain/saga-start';
import type { Execution } from './execution';
import { followedBy, type Input, lastOf, type Outcome } from './history';

/** A worker that is at it for longer reports its task, 80% into its time, and goes on in another. */
const TASK_REPORTED_AFTER_MS = 0.8 * WORKFLOW_TASK_TIMEOUT_MS;

export class SagaRun {
  execution: Execution;
  /** Workers that were taken for dead, and are not: they run on, and nothing of theirs is recorded. */
  readonly zombies = new Set<Execution>();
  /** Steps on the customer service's task queue, by their number: Temporal keeps them, not a worker. */
  readonly remote = new Set<number>();
  /** That it was begun with, or has accepted since. */
  readonly cancellations: CancellationRequest[];
  outcome: Outcome | undefined;
  timersFired = 0;
  #inputs: Input[] = [];
  #recorded = 0;
  /** Commands that Temporal knows of: timers that run, remote steps, and children. */
  #scheduled = new Set<number>();

  /**
   * @param newExecution a worker that has just got the saga
   * @param run which of the runs under this id, from 1
   * @param begunWith accepted by the run before
   */
  constructor(
    readonly sagaId: string,
    private readonly newExecution: (run: number, begunWith: readonly CancellationRequest[]) => Execution,
    private run = 1,
    private begunWith: readonly CancellationRequest[] = [],
  ) {
    this.execution = newExecution(run, begunWith);
    this.cancellations = [...begunWith];
  }

  /** Whether Temporal would start another saga under this id. */
  get hasFailed(): boolean {
    return this.outcome !== undefined && 'failure' in this.outcome;
  }

  get nextRun(): number {
    return this.run + 1;
  }

  /** Whether a worker is at it, with results that are not recorded yet, or to come. */
  get hasLocalSteps(): boolean {
    return hasLocalSteps(this.execution);
  }

  isScheduled(seq: number): boolean {
    return this.#scheduled.has(seq);
  }

  /** A local step's answer: lost with its worker until the task is completed. */
  async hear(execution: Execution, input: Input): Promise<void> {
    if (execution === this.execution) this.#inputs.push(input);
    await execution.give(input);
  }

  /** What Temporal itself tells; everything before it is recorded, as it begins a new task. */
  async tell(input: Input): Promise<void> {
    this.record();
    this.#inputs.push(input);
    this.#recorded = this.#inputs.length;
    await this.execution.give(input);
  }

  /** The worker completes its task, or says that it is still at it. */
  record(): void {
    this.#recorded = this.#inputs.length;
    for (const seq of this.execution.timers.keys()) this.#scheduled.add(seq);
    for (const seq of this.execution.children.keys()) this.#scheduled.add(seq);
    for (const [seq, { remote }] of this.execution.steps) if (remote) this.#scheduled.add(seq);
    this.outcome ??= this.execution.outcome;
  }

  /**
   * Another worker takes the saga up, from what is recorded. As Temporal's does, it tells the code at once what came with
   * or after something else, when the code had asked for it before.
   */
  async replay(): Promise<void> {
    this.#inputs.length = this.#recorded;
    this.execution = this.newExecution(this.run, this.begunWith);
    const inputs = [...this.#inputs];
    for (let input = inputs.shift(); input; input = inputs.shift()) {
      let told = input;
      for (let [next] = inputs; next && this.#comesWith(told, next); [next] = inputs) {
        told = followedBy(told, next);
        inputs.shift();
      }
      await this.execution.give(told);
    }
  }

  #comesWith(told: Input, next: Input): boolean {
    return this.execution.isLocalResult(next) && next.at - lastOf(told).at < TASK_REPORTED_AFTER_MS;
  }

  /** Run again from the start, under the same id, with the cancellations that it had accepted. */
  async startAgain(at: number): Promise<void> {
    this.#inputs = [];
    this.#recorded = 0;
    this.#scheduled.clear();
    this.remote.clear();
    this.begunWith = [...this.cancellations];
    this.run += 1;
    this.execution = this.newExecution(this.run, this.begunWith);
    await this.tell({ kind: 'start', at });
  }
}

export function hasLocalSteps({ steps }: Execution): boolean {
  for (const { remote } of steps.values()) if (!remote) return true;
  return false;
}
