/** One saga as Temporal has it: the history of its run, which outlives every worker, and the worker that has it now. */
import { type Activation, Divergence, inOrder, type Job, type Outcome, type StepEnded } from './activation';
import type { Execution } from './execution';
import { History, type LocalResult } from './history';
import { replayed } from './replayed';
import type { Noted, Observed } from './observed';
import { WaitingSteps } from './waiting-steps';
import type { Memo } from './workflow-host';

/** 80% of a workflow task's 2 s: then the worker sends a heartbeat, and continues in another task. */
const TASK_REPORTED_AFTER_MS = 1_600;

/** Creates the execution of a worker that has just got the saga. */
export type NewExecution = (run: number, input: unknown, memo: Memo) => Execution;

export interface StartedSaga {
  readonly sagaId: string;
  readonly input: unknown;
  /** Orders that it carries. */
  readonly orderIds: readonly string[];
  readonly observations: Observed;
  /** Which of the runs under this id, from 1. */
  readonly run: number;
}

interface PastRun {
  readonly run: number;
  readonly input: unknown;
  readonly memo: Memo;
  readonly history: History;
}

export class SagaRun {
  readonly sagaId: string;
  readonly orderIds: readonly string[];
  execution: Execution;
  /** Workers presumed dead that continue; Temporal records nothing of them. */
  readonly zombies = new Set<Execution>();
  /** Steps on a task queue, by their number: Temporal keeps them, not a worker. */
  readonly remote = new Set<number>();
  /** Which steps its orders wait for, as its histories say. */
  readonly waiting: WaitingSteps;
  /** How the last run has ended. */
  outcome: Exclude<Outcome, { readonly continued: unknown }> | undefined;
  /** It continues as new, and the next run has not begun. */
  isBetweenRuns = false;
  timersFired = 0;
  /** What anybody can see without a worker. */
  memo: Memo = {};
  readonly #input: unknown;
  readonly #past: PastRun[] = [];
  #run: number;
  #history = new History();
  #begunWith: { input: unknown; memo: Memo };
  /** The jobs of the task in progress; undefined when there is none. */
  #task: Noted[] | undefined;
  #taskBegan = 0;
  #results: LocalResult[] = [];
  #recorded = 0;
  /** Commands that Temporal knows of: timers that run, and remote steps. */
  #scheduled = new Set<number>();

  constructor(
    { sagaId, input, orderIds, observations, run }: StartedSaga,
    private readonly newExecution: NewExecution,
  ) {
    this.sagaId = sagaId;
    this.orderIds = orderIds;
    this.#input = input;
    this.#run = run;
    this.waiting = new WaitingSteps(sagaId, observations);
    this.#begunWith = { input, memo: {} };
    this.execution = newExecution(run, input, {});
  }

  /** Whether Temporal would start another saga under this id. */
  get hasFailed(): boolean {
    return this.outcome !== undefined && 'failure' in this.outcome;
  }

  get nextRun(): number {
    return this.#run + 1;
  }

  /** Events of its longest run. */
  get longest(): number {
    return Math.max(this.#history.length, ...this.#past.map(({ history }) => history.length));
  }

  /** Events of all of its runs. */
  get events(): number {
    return this.#past.reduce((sum, { history }) => sum + history.length, this.#history.length);
  }

  /** Events of its run, without those of what the saga does not know of. */
  get expectedLength(): number {
    return this.#history.expectedLength;
  }

  /** Whether a worker is at it, with results that are not recorded yet, or to come. */
  get hasLocalSteps(): boolean {
    return this.execution.hasLocalSteps;
  }

  /** Whether a task is under way, or the first one of its next run is to come. */
  get isBusy(): boolean {
    return this.isBetweenRuns || this.#task !== undefined;
  }

  isScheduled(seq: number): boolean {
    return this.#scheduled.has(seq);
  }

  /** Whether the worker has been at its task for so long that it has reported it before now. */
  isLong(at: number): boolean {
    return this.#task !== undefined && at - this.#taskBegan >= TASK_REPORTED_AFTER_MS;
  }

  /** The worker has reported its task for as often as was due, and is in another one. */
  reportUntil(at: number): void {
    while (this.isLong(at)) this.report(this.#taskBegan + TASK_REPORTED_AFTER_MS);
  }

  /** A heartbeat of the task: the worker continues in another task. */
  report(at: number): void {
    this.record();
    this.#begin([], at);
  }

  /** A local step's answer: lost with its worker until the task is completed. */
  async receive(execution: Execution, job: StepEnded, at: number): Promise<void> {
    const activation = { at, historyLength: this.#history.length, jobs: [job] };
    if (execution !== this.execution) {
      await execution.give(activation);
      return;
    }
    this.#results.push({ job, at });
    this.#task?.push({ job, issuedBefore: execution.lastSeq, timers: [] });
    await this.#give(activation);
  }

  /** Records the timers that the code sets in reaction to the job. */
  async #give(activation: Activation): Promise<void> {
    const { execution } = this;
    const before = execution.lastSeq;
    await execution.give(activation);
    const started = this.#task?.at(-1);
    for (const [seq, { summary, due }] of execution.timers)
      if (seq > before) started?.timers.push({ seq, summary, due });
  }

  /** A delivery by Temporal. Everything before it is recorded, because it begins a new task. */
  async deliver(jobs: readonly Job[], at: number): Promise<void> {
    this.record();
    await this.#give(this.#begin(jobs, at));
    this.waiting.onDelivery(jobs, this.execution.lastSeq);
  }

  /** The first task of a run. */
  async begin(at: number, more: readonly Job[] = []): Promise<void> {
    this.isBetweenRuns = false;
    await this.#give(this.#begin([{ kind: 'start' }, ...more], at));
    // What was to wait again was asked for before the signals that came meanwhile were heard.
    this.waiting.onDelivery(more, this.execution.lastSeq);
  }

  #begin(jobs: readonly Job[], at: number): Activation {
    const issuedBefore = this.execution.lastSeq;
    this.#task = inOrder(jobs).map((job) => ({ job, issuedBefore, timers: [] }));
    this.#taskBegan = at;
    return this.#history.task(jobs, at);
  }

  /** The worker completes its task, or says that it is still at it. */
  record(): void {
    if (!this.#task) return;
    const { execution } = this;
    this.#history.completed(this.#results, execution.issued.slice(this.#recorded));
    const { outcome } = execution;
    this.waiting.take(this.#task, execution, outcome !== undefined && 'continued' in outcome);
    this.#results = [];
    this.#recorded = execution.issued.length;
    this.#task = undefined;
    for (const seq of execution.timers.keys()) this.#scheduled.add(seq);
    for (const [seq, { remote }] of execution.steps) if (remote) this.#scheduled.add(seq);
    this.memo = execution.memo;
    if (!outcome) return;
    if ('continued' in outcome) {
      this.isBetweenRuns = true;
      this.#newRun(outcome.continued, execution.nextMemo);
    } else this.outcome ??= outcome;
  }

  #newRun(input: unknown, memo: Memo): void {
    this.#past.push(this.#current());
    this.#run += 1;
    this.memo = memo;
    this.waiting.newRun(memo);
    this.remote.clear();
    this.#begunWith = { input, memo };
    this.#history = new History();
    this.#task = undefined;
    this.#results = [];
    this.#recorded = 0;
    this.#scheduled.clear();
    this.execution = this.newExecution(this.#run, input, memo);
  }

  /** Another worker resumes the saga from its history. */
  async replay(at: number): Promise<void> {
    this.#results = [];
    if (this.#task) {
      this.#task = this.#task.filter(({ job }) => job.kind !== 'step' || job.remote);
      this.#history.timedOut(at);
      this.#taskBegan = at;
    }
    const { input, memo } = this.#begunWith;
    this.execution = this.newExecution(this.#run, input, memo);
    this.#recorded = await replayed(this.#history, this.execution);
  }

  /** @returns which of its runs cannot be replayed, in words */
  async wrongReplays(): Promise<string[]> {
    const wrong: string[] = [];
    for (const { run, input, memo, history } of [...this.#past, this.#current()]) {
      try {
        await replayed(history, this.newExecution(run, input, memo));
      } catch (error) {
        if (!(error instanceof Divergence)) throw error;
        wrong.push(`${this.sagaId} cannot be replayed: ${error.message}`);
      }
    }
    return wrong;
  }

  #current(): PastRun {
    return { run: this.#run, history: this.#history, ...this.#begunWith };
  }

  /** Run again from the start, under the same id, with the same input. */
  async startAgain(at: number): Promise<void> {
    this.#newRun(this.#input, {});
    this.waiting.forget();
    await this.begin(at);
  }
}
