/**
 * One worker's run of one saga: the saga's own code, given inputs one at a time. The same inputs bring another
 * worker to the same place, which is how a saga outlives its worker.
 */
import { CancelledFailure } from '@temporalio/common';
import { Commands } from './commands';
import { type Input, lastOf, type Outcome } from './history';
import { everythingDone } from './microtasks';
import { simulatedUuid } from './scenario';
import { UpdateHandlers } from './update-handlers';
import type { UpdateHandler, WorkflowHost } from './workflow-host';
import type { WorkflowRuntime } from './workflow-runtime';

export class Execution extends Commands implements WorkflowHost {
  outcome: Outcome | undefined;
  historyLength = 0;
  readonly cancelRequested: Promise<never>;
  #cancel: (reason: Error) => void = () => undefined;
  #uuids = 0;
  readonly #handlers = new UpdateHandlers();
  readonly #conditions = new Set<() => boolean>();
  /** By update and argument: they stay as they are until the code goes on. */
  readonly #refusals = new Map<string, unknown>();

  /**
   * @param code the saga, with its input
   * @param run which of the runs under this id, from 1
   */
  constructor(
    private readonly runtime: WorkflowRuntime,
    readonly workflowId: string,
    private readonly code: () => Promise<unknown>,
    private readonly run = 1,
  ) {
    super();
    this.cancelRequested = new Promise<never>((_resolve, reject) => {
      this.#cancel = reject;
    });
    this.cancelRequested.catch(() => undefined);
  }

  /** @throws Divergence when the code does not wait for this input */
  async give(input: Input): Promise<void> {
    this.#refusals.clear();
    this.now = lastOf(input).at;
    if (!this.isLocalResult(input)) this.historyLength += 1;
    this.runtime.current = this;
    try {
      for (let next: Input | undefined = input; next; next = next.and) this.#take(next);
      do await everythingDone();
      while (this.#conditionCameTrue());
    } finally {
      this.runtime.current = undefined;
    }
  }

  /** Whether it is of a step that the worker itself runs, and nothing else: it comes in the task that is under way. */
  isLocalResult(input: Input): boolean {
    return input.kind === 'step' && !input.and && this.steps.get(input.seq)?.remote === false;
  }

  /** @returns the refusal, as an update's validator would have it; undefined when it accepts */
  refusal(name: string, argument: unknown): unknown {
    const asked = `${name} ${JSON.stringify(argument)}`;
    if (!this.#refusals.has(asked)) this.#refusals.set(asked, this.#validated(name, argument));
    return this.#refusals.get(asked);
  }

  #validated(name: string, argument: unknown): unknown {
    this.runtime.current = this;
    try {
      return this.#handlers.refusal(name, argument);
    } finally {
      this.runtime.current = undefined;
    }
  }

  #take(input: Input): void {
    switch (input.kind) {
      case 'start':
        this.code().then(
          (result) => (this.outcome = { result }),
          (failure: unknown) => (this.outcome = { failure }),
        );
        return;
      case 'cancel':
        this.#cancel(new CancelledFailure('cancelled from outside'));
        return;
      case 'update':
        this.#handlers.of(input.name).handle(input.argument);
        return;
      case 'timer':
      case 'child':
      case 'step':
        this.settle(input);
    }
  }

  #conditionCameTrue(): boolean {
    return [...this.#conditions].some((holds) => holds());
  }

  uuid(): string {
    this.#uuids += 1;
    return simulatedUuid(`${this.workflowId} ${String(this.run)} ${String(this.#uuids)}`);
  }

  condition(holds: () => boolean, timeoutMs: number | undefined): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    const seq = timeoutMs === undefined ? undefined : this.nextSeq();
    return new Promise((resolve) => {
      const check = () => {
        if (!holds()) return false;
        over(true);
        return true;
      };
      const over = (held: boolean) => {
        this.#conditions.delete(check);
        if (seq !== undefined) this.timers.delete(seq);
        resolve(held);
      };
      this.#conditions.add(check);
      if (seq !== undefined && timeoutMs !== undefined)
        this.timers.set(seq, { due: this.now + timeoutMs, fire: () => over(false) });
    });
  }

  setHandler(name: string, handler: UpdateHandler): void {
    this.#handlers.set(name, handler);
  }
}
