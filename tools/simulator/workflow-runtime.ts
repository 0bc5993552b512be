/**
 * Replaces `@temporalio/workflow` for the code of the sagas. It throws on members that it does not have, so
 * that code which uses more of the SDK is not simulated wrongly.
 */
import { strictObject, strictPrototype } from './strict-objects';
import { type Requested, requestedSteps, type StepOptions } from './requested-steps';
import type { Memo, SignalHandler, WorkflowHost } from './workflow-host';

interface ContinueOptions {
  readonly memo?: Memo;
  readonly typedSearchAttributes?: unknown;
}

interface TimerOptions {
  readonly summary?: string;
}

const onlyInfo = strictPrototype('workflowInfo()');
const onlyScope = strictPrototype('a CancellationScope');

/** What a saga carries over of them is not the model's matter. */
const NO_ATTRIBUTES = { getAll: () => [] };

export class WorkflowRuntime {
  /** The execution whose code runs now. */
  current: WorkflowHost | undefined;

  /** As `require('@temporalio/workflow')` gives it to the sagas' code. */
  readonly exports = strictObject('@temporalio/workflow', {
    proxyLocalActivities: (options: StepOptions): Requested => requestedSteps(this.#host, options, false),
    proxyActivities: (options: StepOptions): Requested => requestedSteps(this.#host, options, true),
    proxySinks: () => silent(),
    sleep: (ms: number, { summary = '' }: TimerOptions = {}) => this.#host.sleep(Math.max(ms, 1), summary),
    uuid4: () => this.#host.uuid(),
    condition: (holds: () => boolean) => this.#host.condition(holds),
    workflowInfo: () => {
      const { workflowId, taskQueue, historyLength, memo } = this.#host;
      return onlyInfo({ workflowId, taskQueue, historyLength, memo, typedSearchAttributes: NO_ATTRIBUTES });
    },
    makeContinueAsNewFunc:
      ({ memo }: ContinueOptions = {}) =>
      (input: unknown) =>
        this.#host.continueAsNew({ input: asSent(input), memo: asSent(memo) }),
    CancellationScope: scopes(() => this.#host),
    ActivityCancellationType: strictObject('ActivityCancellationType', { TRY_CANCEL: 'TRY_CANCEL' }),
    defineSignal: (name: string) => ({ name }),
    setHandler: ({ name }: { readonly name: string }, handler: SignalHandler) => {
      this.#host.handleSignals(name, handler);
    },
    upsertMemo: (memo: Memo) => {
      this.#host.upsertMemo(asSent(memo));
    },
    upsertSearchAttributes: () => {
      this.#host.upsertSearchAttributes();
    },
    setCurrentDetails: () => undefined,
  });

  get #host(): WorkflowHost {
    if (!this.current) throw new Error('workflow code ran outside of its turn');
    return this.current;
  }
}

/** What arrives of it: plain JSON. */
function asSent<Value>(value: Value): Value {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value);
}

/** Has every member, and none does anything. */
function silent(): object {
  const nothing: object = new Proxy(() => undefined, { get: () => nothing });
  return nothing;
}

/** A scope that the code makes itself has one attempt of a step in it, which ends when another one takes its place. */
function scopes(host: () => WorkflowHost) {
  return class CancellationScope {
    #seqs: readonly number[] = [];

    // Nothing in the model cancels the rest from inside, so a scope that cannot be cancelled is the code in it.
    static nonCancellable(code: () => unknown): unknown {
      return code();
    }

    static current(): object {
      return onlyScope({ cancelRequested: host().cancelRequested });
    }

    run<Result>(code: () => Result): Result {
      const before = host().lastSeq;
      const result = code();
      this.#seqs = Array.from({ length: host().lastSeq - before }, (_, index) => before + index + 1);
      return result;
    }

    cancel(): void {
      host().cancel(this.#seqs);
    }
  };
}
