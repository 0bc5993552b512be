/**
 * Stands in for `@temporalio/workflow` while the sagas' own code runs in the simulator. What it does not know it
 * refuses by name, so that code which begins to use more of the SDK is not simulated wrongly in silence.
 */
import type { CancelOrderSagaInput, StepRequest } from '../domain/contracts';
import { CANCEL_ORDER_SAGA } from '../domain/names';
import type { Attempt, ModelSteps, StepName } from './model-steps';
import { onlyThese, refusingMore } from './only-these';
import type { StepResults, WorkflowHost } from './workflow-host';

interface StepOptions {
  /** Milliseconds. */
  readonly startToCloseTimeout?: number;
}

interface HandlerOptions {
  readonly validator?: (argument: unknown) => void;
}

interface ChildOptions {
  readonly workflowId: string;
  readonly workflowIdReusePolicy: string;
  readonly parentClosePolicy: string;
  readonly args: readonly [CancelOrderSagaInput];
}

const onlyInfo = refusingMore('workflowInfo()');
const onlyScope = refusingMore('a CancellationScope');
const onlyChild = refusingMore('a child');
const onlySteps = refusingMore('the steps');

const SHOWN_ONLY = ['setCurrentDetails', 'upsertSearchAttributes', 'upsertMemo', 'deprecatePatch'];

export class WorkflowRuntime {
  /** The execution whose code runs now. */
  current: WorkflowHost | undefined;

  /** As `require('@temporalio/workflow')` gives it to the sagas' code. */
  readonly exports = onlyThese('@temporalio/workflow', {
    proxyLocalActivities: (options: StepOptions) => this.#steps(options, false),
    proxyActivities: (options: StepOptions) => this.#steps(options, true),
    proxySinks: () => silent(),
    log: silent(),
    sleep: (ms: number) => this.#host.sleep(ms),
    startChild: (type: string, options: ChildOptions) => this.#startChild(type, options),
    uuid4: () => this.#host.uuid(),
    condition: (holds: () => boolean, timeoutMs?: number) => this.#host.condition(holds, timeoutMs),
    workflowInfo: () => {
      const { workflowId, historyLength } = this.#host;
      return onlyInfo({ workflowId, historyLength });
    },
    patched: () => true,
    CancellationScope: onlyThese('CancellationScope', {
      // Nothing in the model cancels from inside, so a scope that cannot be cancelled is the code in it.
      nonCancellable: (code: () => unknown) => code(),
      current: () => onlyScope({ cancelRequested: this.#host.cancelRequested }),
    }),
    ...definers(),
    setHandler: (
      { type, name }: { readonly type: string; readonly name: string },
      handle: (argument: unknown) => unknown,
      { validator = () => undefined }: HandlerOptions = {},
    ) => {
      if (type !== 'query') this.#host.setHandler(name, { handle, validate: validator });
    },
    ...Object.fromEntries(SHOWN_ONLY.map((name) => [name, () => undefined])),
  });

  get #host(): WorkflowHost {
    if (!this.current) throw new Error('workflow code ran outside of its turn');
    return this.current;
  }

  async #startChild(type: string, options: ChildOptions): Promise<object> {
    const {
      workflowId,
      args: [input],
      workflowIdReusePolicy: reuse,
      parentClosePolicy: close,
    } = options;
    if (type !== CANCEL_ORDER_SAGA || reuse !== 'ALLOW_DUPLICATE_FAILED_ONLY' || close !== 'ABANDON')
      throw new TypeError(
        `simulator/workflow-runtime.ts starts no child like this: ${type}, ${reuse}, ${close}`,
      );
    await this.#host.startChild({ workflowId, input });
    return onlyChild({ workflowId });
  }

  #steps({ startToCloseTimeout: timeoutMs = 0 }: StepOptions, remote: boolean) {
    const host = this.#host;
    function step<Item extends { readonly orderId: string }>(
      name: StepName,
      execute: (steps: ModelSteps, request: StepRequest<Item>, attempt: Attempt) => StepResults,
    ) {
      return (request: StepRequest<Item>) =>
        host.ask({
          name,
          sagaId: request.sagaId,
          orderIds: request.orders.map(({ orderId }) => orderId),
          remote,
          timeoutMs,
          execute: (steps, attempt) => execute(steps, request, attempt),
        });
    }
    return onlySteps({
      createPendingOrders: step(
        'createPendingOrders',
        (all, request: Asked<'createPendingOrders'>, attempt) => all.createPendingOrders(request, attempt),
      ),
      approveOrders: step('approveOrders', (all, request: Asked<'approveOrders'>, attempt) =>
        all.approveOrders(request, attempt),
      ),
      cancelOrders: step('cancelOrders', (all, request: Asked<'cancelOrders'>, attempt) =>
        all.cancelOrders(request, attempt),
      ),
      requestCancellations: step(
        'requestCancellations',
        (all, request: Asked<'requestCancellations'>, attempt) => all.requestCancellations(request, attempt),
      ),
      giveUpOrders: step('giveUpOrders', (all, request: Asked<'giveUpOrders'>, attempt) =>
        all.giveUpOrders(request, attempt),
      ),
      reserveCredit: step('reserveCredit', (all, request: Asked<'reserveCredit'>, attempt) =>
        all.reserveCredit(request, attempt),
      ),
      releaseCredit: step('releaseCredit', (all, request: Asked<'releaseCredit'>, attempt) =>
        all.releaseCredit(request, attempt),
      ),
    });
  }
}

type Asked<Name extends StepName> = Parameters<ModelSteps[Name]>[0];

function definers() {
  const definer = (type: string) => (name: string) => ({ type, name });
  return {
    defineUpdate: definer('update'),
    defineSignal: definer('signal'),
    defineQuery: definer('query'),
  };
}

/** Has every member, and none does anything. */
function silent(): object {
  const nothing: object = new Proxy(() => undefined, { get: () => nothing });
  return nothing;
}
