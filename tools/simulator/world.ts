/** The complete model: both databases, the sagas in Temporal, the requests in progress, and the clock. */
import { cancelSagaWorkflowId } from '../../domain/names';
import type { Answer, Job, StepEnded } from './activation';
import type { CustomerDatabase } from './customer-database';
import { Execution } from './execution';
import { FastPaths } from './fast-paths';
import { afterLongRun } from './long-runs';
import type { ModelSteps } from './model-steps';
import { needlessWaits } from './needless-waits';
import { Observations } from './observations';
import type { OrderDatabase } from './order-database';
import type { Relay } from './outbox';
import type { Protocol } from './protocols';
import { SagaRun } from './saga-run';
import { type CancelInput, idOf, type Scenario, type Wish } from './scenario';
import { NONE_HELD, StepCall } from './step-call';
import { stepsOn } from './steps-on-models';

/** 2026-11-23, as milliseconds of the epoch; which time it is does not matter. */
const EPOCH_MS = 1_795_392_000_000;

/** Temporal's ALLOW_DUPLICATE_FAILED_ONLY and ALLOW_DUPLICATE. */
type RunAgain = 'when it failed' | 'always';

/** What every saga's input has. */
interface Carrying {
  readonly subjects: readonly { readonly orderId: string }[];
}

type Workflow<Input> = (input: Input) => Promise<unknown>;

export class World {
  readonly orders: OrderDatabase;
  readonly customers: CustomerDatabase;
  readonly relays: readonly Relay[];
  readonly sagas = new Map<string, SagaRun>();
  readonly calls = new Set<StepCall>();
  /** Of callers that have not asked yet. */
  readonly wishes: Set<Wish>;
  readonly observations: Observations;
  readonly workflows: ReturnType<Protocol['workflows']>;
  nowMs = EPOCH_MS;
  faultsLeft: number;
  relayTurnsLeft: number;
  /** Transactions until now. */
  commits = 0;
  /** What was wrong when it happened, in words. */
  readonly violations: string[] = [];
  readonly fastPaths: FastPaths;
  readonly #steps: ModelSteps;

  constructor(
    readonly scenario: Scenario,
    readonly protocol: Protocol,
  ) {
    this.orders = protocol.orderDatabase();
    this.customers = protocol.customerDatabase();
    this.workflows = protocol.workflows(scenario);
    const { run } = this.workflows.createOrderSaga;
    this.fastPaths = new FastPaths(protocol.onFastPath?.(run) ?? run, this.calls, scenario);
    this.#steps = stepsOn(this.orders, this.customers);
    this.relays = [protocol.relay(this.orders.outbox), protocol.relay(this.customers.outbox)];
    this.observations = new Observations();
    this.wishes = new Set(scenario.wishes);
    this.faultsLeft = scenario.faults;
    this.relayTurnsLeft = scenario.relayTurns;
    for (const customer of scenario.customers) this.customers.open(customer);
  }

  async begin(): Promise<void> {
    const { createOrderSaga } = this.workflows;
    for (const input of this.scenario.sagas) {
      this.fastPaths.started(input);
      await this.start(idOf(input), createOrderSaga, input);
    }
  }

  /** @returns false when a saga with this id runs, or has ended in a way in which it is not to be run again */
  async start<Input extends Carrying>(
    sagaId: string,
    workflow: Workflow<Input>,
    input: Input,
    again: RunAgain = 'when it failed',
  ): Promise<boolean> {
    const before = this.sagas.get(sagaId);
    if (before && !(again === 'always' ? before.outcome : before.hasFailed)) return false;
    const { runtime } = this.protocol;
    const saga = new SagaRun(
      {
        sagaId,
        input,
        orderIds: input.subjects.map(({ orderId }) => orderId),
        observations: this.observations,
        run: before?.nextRun ?? 1,
      },
      (run, runsWith, memo) => {
        const code = () => {
          // The engine gives a run that follows the input of the one before, and what it carries.
          return workflow(runsWith as Input);
        };
        return new Execution(runtime, { workflowId: sagaId, code, run, memo });
      },
    );
    this.sagas.set(sagaId, saga);
    await saga.begin(this.nowMs);
    this.afterTurn(saga, saga.execution);
    return true;
  }

  startCancelSaga(input: CancelInput, again: RunAgain = 'when it failed'): Promise<boolean> {
    const [order] = input.subjects;
    if (!order) throw new RangeError('a saga that cancels has an order');
    return this.start(cancelSagaWorkflowId(order.orderId), this.workflows.cancelOrderSaga, input, again);
  }

  /** A turn of a saga's code is over: what it asked for is sent, and its task is completed when nothing holds it up. */
  afterTurn(saga: SagaRun, execution: Execution): void {
    const known = new Set<number>();
    for (const { waiting } of this.calls) if (waiting?.execution === execution) known.add(waiting.seq);
    for (const [seq, step] of execution.steps)
      if (!step.remote && !known.has(seq))
        this.calls.add(this.fastPaths.callFor(step, { saga, execution, seq }));
    if (execution.hasLocalSteps && !execution.outcome) return;
    // Temporal refuses what a worker has that was taken for dead, and the worker drops the saga.
    if (execution === saga.execution) this.record(saga);
    else saga.zombies.delete(execution);
  }

  /** Temporal hears of all that the saga's worker has done, and asked for, until now. */
  record(saga: SagaRun): void {
    const { execution } = saga;
    saga.record();
    if (saga.execution !== execution || saga.outcome) {
      // No run waits for the requests of a run that has ended; they may still be executed.
      for (const call of this.calls) {
        const { waiting } = call;
        if (waiting?.saga === saga && (waiting.execution ?? execution) === execution) this.leave(call);
      }
      return;
    }
    this.#sendRemote(saga);
  }

  #sendRemote(saga: SagaRun): void {
    for (const call of this.calls) {
      const { waiting, step } = call;
      // The code has replaced the attempt: it may be done all the same.
      if (step.remote && waiting?.saga === saga && !saga.execution.steps.has(waiting.seq)) this.leave(call);
    }
    for (const [seq, step] of saga.execution.steps) {
      if (!step.remote || saga.remote.has(seq)) continue;
      saga.remote.add(seq);
      this.calls.add(new StepCall(step, { saga, execution: undefined, seq }));
    }
  }

  /** No worker waits for this request any more. */
  leave(call: StepCall): void {
    call.waiting = undefined;
    if (call.state === 'committed') this.calls.delete(call);
  }

  /** Time passes, but not more than a local step may take while one is under way. */
  passUntil(at: number): void {
    const most = [...this.calls].reduce(
      (until, { waiting, step }) =>
        waiting && !step.remote ? Math.min(until, this.nowMs + step.attemptMs) : until,
      at,
    );
    this.nowMs = Math.max(this.nowMs, most);
  }

  /** Runs the statement in a transaction that stays open. */
  beginStep(call: StepCall, held = NONE_HELD): void {
    const { attempt } = this.protocol;
    if (attempt) attempt(call, this.#steps, held);
    else call.begin(this.#steps, held);
    this.violations.push(...needlessWaits(this, call, held));
  }

  commit(call: StepCall): void {
    call.commit();
    const { isRetriedByServer } = call;
    if (!isRetriedByServer) this.commits += 1;
    this.observations.committed(this.orders);
    if (!call.waiting) this.calls.delete(call);
    else if (isRetriedByServer) {
      call.again();
      call.pausedAt = this.commits;
    }
  }

  /** The client knows of the commit; the saga continues with the answer. */
  reply(call: StepCall): Promise<void> {
    return this.answer(call, this.answerOf(call));
  }

  /** The process that ran the statement knows of its commit. */
  answerOf(call: StepCall): Answer {
    if (!call.failure)
      for (const { outbox } of [this.orders, this.customers]) outbox.afterCommit(call.transaction);
    return call.failure ? { failure: call.failure } : { results: call.answer ?? [] };
  }

  async answer(call: StepCall, answer: Answer): Promise<void> {
    const { waiting } = call;
    if (!waiting) {
      this.calls.delete(call);
      return;
    }
    const { saga, execution = saga.execution } = waiting;
    const job = this.take(call, answer);
    if (job.remote) {
      await this.deliver(saga, [job]);
      return;
    }
    if (execution === saga.execution && saga.isLong(this.nowMs)) {
      saga.reportUntil(this.nowMs);
      this.#sendRemote(saga);
    }
    await saga.receive(execution, job, this.nowMs);
    this.afterTurn(saga, execution);
  }

  /** @returns the end of a request, to deliver to the saga that waits for it */
  take(call: StepCall, answer: Answer): StepEnded {
    const { step, waiting } = call;
    this.calls.delete(call);
    const seq = waiting?.seq ?? 0;
    this.observations.answered(step, answer);
    const { name, orderIds, remote } = step;
    return { kind: 'step', seq, name, orderIds, remote, answer };
  }

  /** A worker sends a heartbeat of its task while a local step takes long. */
  report(saga: SagaRun): void {
    saga.report(this.nowMs);
    this.#sendRemote(saga);
  }

  /** Delivers inputs to a saga in one task. */
  async deliver(saga: SagaRun, jobs: readonly Job[]): Promise<void> {
    this.record(saga);
    const wrong = afterLongRun(saga, jobs, this.scenario.continuesAfter);
    await saga.deliver(jobs, this.nowMs);
    this.violations.push(...wrong());
    this.afterTurn(saga, saga.execution);
  }
}
