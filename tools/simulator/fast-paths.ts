/**
 * The product's fast path in the model: the function of a saga runs beside its workflow, in the process that has started it.
 * It begins, and hears of each of its steps, at any moment. When its saga is distributed, it requests the credit step from
 * a process of the customer service, which may pass the answers to the workflow's request (`RequestedSteps`).
 */
import type { CreateOrderSettings, OrderRequest } from '../../domain/contracts';
import { FastPath } from '../../saga/host/fast-path';
import { LOCAL_ATTEMPT_MS } from '../../saga/workflow/limits';
import type { Answer } from './activation';
import { everythingDone } from './microtasks';
import type { CreateOrder } from './protocols';
import { type CreateInput, idOf, type Scenario } from './scenario';
import { requestedSteps } from './requested-steps';
import { StepCall, type Waiting } from './step-call';
import type { StepRequested, StepResults } from './workflow-host';

export class FastPaths {
  readonly #path: FastPath<OrderRequest, CreateOrderSettings>;
  readonly #toBegin = new Map<string, OrderRequest>();
  readonly #running = new Set<string>();
  /** Of each step, by saga and name: the request that the fast path has made. */
  readonly #made = new Map<string, StepCall>();
  readonly #unheard = new Map<StepCall, (answer: Answer) => void>();

  constructor(
    run: CreateOrder,
    private readonly calls: Set<StepCall>,
    private readonly scenario: Scenario,
  ) {
    const settings = scenario.sagas[0]?.settings ?? { creditCheckTimeoutMs: 0 };
    this.#path = new FastPath({ run, settings });
    const ask = (step: StepRequested) => {
      const call = new StepCall(step, undefined);
      this.#made.set(keyOf(step), call);
      this.calls.add(call);
      return this.#heard(call);
    };
    this.#path.shareSteps(requestedSteps({ ask }, { startToCloseTimeout: LOCAL_ATTEMPT_MS }, false));
  }

  /** The start of a saga has returned: it may take the fast path when it carries one order. */
  started(input: CreateInput): void {
    const [only, ...others] = input.subjects;
    if (this.scenario.fastPath && only && others.length === 0) this.#toBegin.set(idOf(input), only);
  }

  /** @returns the request that a local step of a workflow waits for: its own, or that of the fast path */
  callFor(step: StepRequested, waiting: Waiting): StepCall {
    const own = new StepCall(step, waiting);
    if (!this.#running.has(step.sagaId)) return own;
    const executed: StepCall[] = [];
    const result = this.#path.sharedResult(step.sagaId, step.name, () => {
      executed.push(own);
      return this.#heard(own);
    });
    // The model delivers the answer of the request.
    result.catch(() => undefined);
    const made = this.#made.get(keyOf(step));
    if (executed.length > 0 || !made) return own;
    made.waiting = waiting;
    return made;
  }

  /** @returns the committed request of the fast path whose answers a remote request of the workflow may get, instead of running */
  answersFor({ step, waiting, state }: StepCall): StepCall | undefined {
    if (!step.remote || !waiting || state !== 'under way') return undefined;
    const made = this.#made.get(keyOf(step));
    const isAnswered = made?.state === 'committed' && !made.answer?.some(({ outcome }) => outcome === 'busy');
    return isAnswered ? made : undefined;
  }

  /** Each attempt but the first runs the step. */
  passAnswers(made: StepCall, call: StepCall): void {
    this.#made.delete(keyOf(made.step));
    const { state, transaction, answer } = made;
    Object.assign(call, { state, transaction, answer });
  }

  #heard(call: StepCall): Promise<StepResults> {
    return new Promise((resolve, reject) => {
      this.#unheard.set(call, (answer) => {
        if ('results' in answer) resolve(answer.results);
        else reject(answer.failure);
      });
    });
  }

  /** The workflow has stopped waiting for a request, which continues as another one. */
  continuesAs(call: StepCall, left: StepCall): void {
    const hear = this.#unheard.get(call);
    if (!hear) return;
    this.#unheard.delete(call);
    this.#unheard.set(left, hear);
  }

  /** Sagas whose fast path has not begun, with their orders. */
  get toBegin(): ReadonlyMap<string, OrderRequest> {
    return this.#toBegin;
  }

  /** Sagas whose fast path runs, or keeps its results. */
  get running(): ReadonlySet<string> {
    return this.#running;
  }

  /** Requests whose end the fast path has not heard of. */
  get unheard(): Iterable<StepCall> {
    return this.#unheard.keys();
  }

  begin(sagaId: string, order: OrderRequest): Promise<void> {
    this.#toBegin.delete(sagaId);
    this.#running.add(sagaId);
    void this.#path.run(sagaId, order);
    return everythingDone();
  }

  hear(call: StepCall, answer: Answer): Promise<void> {
    const hear = this.#unheard.get(call);
    this.#unheard.delete(call);
    hear?.(answer);
    return everythingDone();
  }

  /** The process ends, or the time of the fast path is over. */
  end(sagaId: string): void {
    this.#toBegin.delete(sagaId);
    this.#running.delete(sagaId);
    for (const call of this.#unheard.keys()) if (call.step.sagaId === sagaId) this.#unheard.delete(call);
  }
}

function keyOf({ sagaId, name }: StepRequested): string {
  return `${sagaId} ${name}`;
}
