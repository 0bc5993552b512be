/**
 * One worker's execution of one run: the code of the saga, driven by activations. The same activations bring
 * another worker to the same state; so a saga survives its worker.
 */
import { CancelledFailure } from '@temporalio/common';
import { ORDER_TASK_QUEUE } from '../../domain/names';
import { type Activation, inOrder, type Job, type Outcome } from './activation';
import { Commands } from './commands';
import { everythingDone } from './microtasks';
import { simulatedUuid } from './scenario';
import type { Memo, NextRun, SignalHandler, WorkflowHost } from './workflow-host';
import type { WorkflowRuntime } from './workflow-runtime';

export interface Begun {
  readonly workflowId: string;
  /** The saga, with its input. */
  readonly code: () => Promise<unknown>;
  /** Which of the runs under this id, from 1. */
  readonly run: number;
  /** What it begins with. */
  readonly memo: Memo;
}

/** Ends a run that another one follows. */
class ContinuedAsNew extends Error {
  constructor(readonly next: NextRun) {
    super('continues as new');
  }
}

export class Execution extends Commands implements WorkflowHost {
  readonly workflowId: string;
  readonly taskQueue = ORDER_TASK_QUEUE;
  readonly cancelRequested: Promise<never>;
  outcome: Outcome | undefined;
  /** With which the next run begins. */
  nextMemo: Memo = {};
  memo: Memo;
  historyLength = 0;
  #cancel: (reason: Error) => void = () => undefined;
  #uuids = 0;
  readonly #handlers = new Map<string, SignalHandler>();
  /** Signals that have come before their handlers. */
  #early: { readonly name: string; readonly argument: unknown }[] = [];
  readonly #conditions = new Set<() => boolean>();

  constructor(
    private readonly runtime: WorkflowRuntime,
    private readonly begun: Begun,
  ) {
    super();
    this.workflowId = begun.workflowId;
    this.memo = begun.memo;
    this.cancelRequested = new Promise<never>((_resolve, reject) => {
      this.#cancel = reject;
    });
    this.cancelRequested.catch(() => undefined);
  }

  /** @throws Divergence when the code does not wait for one of the jobs */
  async give({ at, historyLength, jobs }: Activation): Promise<void> {
    this.now = Math.max(this.now, at);
    this.historyLength = historyLength;
    this.runtime.current = this;
    try {
      if (jobs.length === 1) for (const job of jobs) this.#take(job);
      else for (const job of inOrder(jobs)) this.#take(job);
      do await everythingDone();
      while (this.#conditionCameTrue() || this.cancelNow());
    } finally {
      this.runtime.current = undefined;
    }
  }

  /** Whether the code waits for this local step. */
  waitsFor(seq: number): boolean {
    return this.steps.has(seq);
  }

  /** Whether the code waits for steps in its worker's process. */
  get hasLocalSteps(): boolean {
    for (const { remote } of this.steps.values()) if (!remote) return true;
    return false;
  }

  #take(job: Job): void {
    switch (job.kind) {
      case 'start':
        this.begun.code().then(
          (result) => this.#end({ result }),
          (failure: unknown) => {
            if (!(failure instanceof ContinuedAsNew)) this.#end({ failure });
            else {
              // The SDK falls back to what the run began with, not to what it has now.
              const { input, memo = {} } = failure.next;
              this.nextMemo = Object.keys(memo).length > 0 ? memo : this.begun.memo;
              this.#end({ continued: input });
            }
          },
        );
        return;
      case 'cancel':
        this.#cancel(new CancelledFailure('cancelled from outside'));
        return;
      case 'signal':
        this.#signal(job.name, job.argument);
        return;
      case 'timer':
        this.fire(job.seq);
        return;
      case 'step':
        this.settle(job);
    }
  }

  #end(outcome: Outcome): void {
    this.outcome = outcome;
    this.issued.push('end');
  }

  #signal(name: string, argument: unknown): void {
    const handler = this.#handlers.get(name);
    if (handler) handler(argument);
    else this.#early.push({ name, argument });
  }

  #conditionCameTrue(): boolean {
    return [...this.#conditions].some((holds) => holds());
  }

  uuid(): string {
    this.#uuids += 1;
    return simulatedUuid(`${this.workflowId} ${String(this.begun.run)} ${String(this.#uuids)}`);
  }

  condition(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const check = () => {
        if (!holds()) return false;
        this.#conditions.delete(check);
        resolve();
        return true;
      };
      this.#conditions.add(check);
    });
  }

  handleSignals(name: string, handler: SignalHandler): void {
    this.#handlers.set(name, handler);
    const early = this.#early;
    this.#early = [];
    for (const signal of early) this.#signal(signal.name, signal.argument);
  }

  upsertMemo(memo: Memo): void {
    const fields = Object.entries({ ...this.memo, ...memo }).filter(([, value]) => value !== null);
    this.memo = Object.fromEntries(fields);
    this.issued.push('memo');
  }

  upsertSearchAttributes(): void {
    this.issued.push('search attributes');
  }

  continueAsNew(next: NextRun): Promise<never> {
    return Promise.reject(new ContinuedAsNew(next));
  }
}
