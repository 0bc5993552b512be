/** The whole model: both databases, the sagas as Temporal has them, requests on their way, and the clock. */
import type { CancellationRequest, CancelOrderSagaInput } from '../domain/contracts';
import { cancelSagaWorkflowId } from '../domain/names';
import type { CustomerDatabase } from './customer-database';
import { Execution } from './execution';
import type { Answer, Input } from './history';
import type { ModelSteps } from './model-steps';
import { stepsOn } from './steps-on-models';
import type { OrderDatabase } from './order-database';
import type { Relay } from './outbox';
import type { Protocol } from './protocols';
import { hasLocalSteps, SagaRun } from './saga-run';
import { idOf, type Scenario } from './scenario';
import { NONE_HELD, StepCall } from './step-call';
import { Witness } from './witness';

/** 2026-11-23, as milliseconds of the epoch; which time it is does not matter. */
const EPOCH_MS = 1_795_392_000_000;

/** Temporal's ALLOW_DUPLICATE_FAILED_ONLY and ALLOW_DUPLICATE. */
type RunAgain = 'when it failed' | 'always';

export class World {
  readonly orders: OrderDatabase;
  readonly customers: CustomerDatabase;
  readonly relays: readonly Relay[];
  readonly sagas = new Map<string, SagaRun>();
  readonly calls = new Set<StepCall>();
  /** Orders that somebody wants cancelled, and has not asked for yet. */
  readonly wishes: Set<string>;
  readonly witness: Witness;
  nowMs = EPOCH_MS;
  faultsLeft: number;
  relayTurnsLeft: number;
  readonly #steps: ModelSteps;

  constructor(
    readonly scenario: Scenario,
    readonly protocol: Protocol,
  ) {
    this.orders = protocol.orderDatabase();
    this.customers = protocol.customerDatabase();
    this.#steps = stepsOn(this.orders, this.customers);
    this.relays = [protocol.relay(this.orders.outbox), protocol.relay(this.customers.outbox)];
    this.witness = new Witness(scenario.sagas);
    this.wishes = new Set(scenario.wishes);
    this.faultsLeft = scenario.faults;
    this.relayTurnsLeft = scenario.relayTurns;
    for (const customer of scenario.customers) this.customers.open(customer);
  }

  async begin(): Promise<void> {
    for (const input of this.scenario.sagas)
      await this.start(idOf(input), (cancellations) =>
        this.protocol.workflows.createOrderSaga(Object.assign({}, input, { cancellations })),
      );
  }

  /**
   * @param code the saga, which is given the cancellations that it begins with
   * @returns false when a saga with this id runs, or has ended in a way in which it is not to be run again
   */
  async start(
    sagaId: string,
    code: (begunWith: readonly CancellationRequest[]) => Promise<unknown>,
    again: RunAgain = 'when it failed',
    begunWith: readonly CancellationRequest[] = [],
  ): Promise<boolean> {
    const before = this.sagas.get(sagaId);
    if (before && !(again === 'always' ? before.outcome : before.hasFailed)) return false;
    const { runtime } = this.protocol;
    const saga = new SagaRun(
      sagaId,
      (run, cancellations) => new Execution(runtime, sagaId, () => code(cancellations), run),
      before?.nextRun,
      begunWith,
    );
    this.sagas.set(sagaId, saga);
    await saga.tell({ kind: 'start', at: this.nowMs });
    this.afterTurn(saga, saga.execution);
    return true;
  }

  startCancelSaga(input: CancelOrderSagaInput, again: RunAgain = 'when it failed'): Promise<boolean> {
    const { cancelOrderSaga } = this.protocol.workflows;
    return this.start(cancelSagaWorkflowId(input.order.orderId), () => cancelOrderSaga(input), again);
  }

  /** A turn of a saga's code is over: what it asked for is sent, and its task is completed when nothing holds it up. */
  afterTurn(saga: SagaRun, execution: Execution): void {
    const known = new Set<number>();
    for (const { waiting } of this.calls) if (waiting?.execution === execution) known.add(waiting.seq);
    for (const [seq, step] of execution.steps)
      if (!step.remote && !known.has(seq)) this.calls.add(new StepCall(step, { saga, execution, seq }));
    if (hasLocalSteps(execution) && !execution.outcome) return;
    // Temporal refuses what a worker has that was taken for dead, and the worker drops the saga.
    if (execution === saga.execution) this.record(saga);
    else saga.zombies.delete(execution);
  }

  /** Temporal hears of all that the saga's worker has done, and asked for, until now. */
  record(saga: SagaRun): void {
    saga.record();
    for (const [seq, step] of saga.execution.steps) {
      if (!step.remote || saga.remote.has(seq)) continue;
      const call = new StepCall(step, { saga, execution: undefined, seq });
      saga.remote.add(seq);
      this.calls.add(call);
    }
  }

  /** Runs the statement in a transaction that stays open. */
  beginStep(call: StepCall, held = NONE_HELD): void {
    this.witness.trouble(held);
    const { attempt } = this.protocol;
    if (attempt) attempt(call, this.#steps, held);
    else call.begin(this.#steps, held);
  }

  commit(call: StepCall): void {
    call.commit();
    if (!call.waiting) this.calls.delete(call);
  }

  /** The caller knows of the commit; the saga goes on with the answer. */
  async reply(call: StepCall, and?: Input): Promise<void> {
    for (const { outbox } of [this.orders, this.customers]) outbox.afterCommit(call.transaction);
    await this.answer(call, { results: call.answer ?? [] }, and);
  }

  /** @param and what the saga is told in the same task */
  async answer(call: StepCall, answer: Answer, and?: Input): Promise<void> {
    const { waiting } = call;
    this.calls.delete(call);
    if (!waiting) return;
    const { saga, seq, execution = saga.execution } = waiting;
    const input = { kind: 'step', seq, name: call.step.name, answer, at: this.nowMs, and } as const;
    if (call.step.remote) {
      this.record(saga);
      await saga.tell(input);
      saga.remote.delete(seq);
    } else await saga.hear(execution, input);
    this.afterTurn(saga, execution);
  }

  async fireTimer(saga: SagaRun, seq: number): Promise<void> {
    this.nowMs = Math.max(this.nowMs, saga.execution.timers.get(seq)?.due ?? 0);
    saga.timersFired += 1;
    this.record(saga);
    await saga.tell({ kind: 'timer', seq, at: this.nowMs });
    this.afterTurn(saga, saga.execution);
  }
}
