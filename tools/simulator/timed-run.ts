/**
 * A run by the clock: timers, answers, server retries, clients, and planned outages. It runs a week in
 * seconds.
 */
import { wrongNow } from './checks';
import { EventsByDay } from './events-by-day';
import { wrongWhenEnded } from './interleaving';
import { conditionOf, type Outage } from './outages';
import { doneLate, type Planned } from './planned';
import type { Protocol } from './protocols';
import type { SagaRun } from './saga-run';
import type { Scenario } from './scenario';
import type { StepCall } from './step-call';
import { connectionLost, noTimeLeft, tooLate } from './step-failures';
import { TimedCall } from './timed-call';
import { World } from './world';

interface Due {
  readonly at: number;
  readonly happen: () => Promise<void> | undefined;
}

export class TimedRun {
  readonly world: World;
  readonly wrong = new Set<string>();
  readonly events = new EventsByDay();
  readonly #start: number;
  readonly #calls = new Map<StepCall, TimedCall>();
  /** In the order in which they are due. */
  readonly #planned: Planned[] = [];

  constructor(
    protocol: Protocol,
    scenario: Scenario,
    private readonly outages: readonly Outage[],
    planned: readonly Planned[] = [],
  ) {
    this.world = new World(scenario, protocol);
    this.#start = this.world.nowMs;
    for (const each of planned) this.#plan(each);
  }

  /** Milliseconds after the start. */
  get at(): number {
    return this.world.nowMs - this.#start;
  }

  begin(): Promise<void> {
    return this.world.begin();
  }

  /** Everything that is due until then. */
  async until(at: number): Promise<void> {
    for (;;) {
      const next = this.#next();
      if (!next || next.at > at) break;
      this.world.nowMs = this.#start + Math.max(next.at, this.at);
      const goesOn = next.happen();
      if (!goesOn) continue;
      await goesOn;
      for (const saga of this.world.sagas.values()) this.events.note(saga, this.at);
      for (const words of wrongNow(this.world)) this.wrong.add(words);
    }
    if (at !== Infinity) this.world.nowMs = this.#start + Math.max(at, this.at);
  }

  /** Until nothing is under way any more. */
  async toTheEnd(): Promise<void> {
    await this.until(Infinity);
    for (const words of await wrongWhenEnded(this.world)) this.wrong.add(words);
  }

  #next(): Due | undefined {
    let first: Due | undefined;
    const consider = (at: number, happen: Due['happen']) => {
      if (!first || at < first.at) first = { at, happen };
    };
    for (const saga of this.world.sagas.values()) {
      if (saga.outcome) continue;
      if (saga.isBetweenRuns) consider(this.at, () => this.#nextRun(saga));
      for (const [seq, { due }] of saga.execution.timers)
        if (saga.isScheduled(seq))
          consider(due - this.#start, () => this.world.deliver(saga, [{ kind: 'timer', seq }]));
    }
    for (const call of this.#underWay()) consider(call.due, () => this.#attemptEnds(call));
    const [plan] = this.#planned;
    if (plan)
      consider(plan.at, async () => {
        this.#planned.shift();
        await plan.action.happen(this.world);
      });
    return first;
  }

  #underWay(): TimedCall[] {
    const { calls } = this.world;
    for (const call of calls)
      if (!this.#calls.has(call)) this.#calls.set(call, new TimedCall(call, this.outages, this.at));
    for (const call of this.#calls.keys()) if (!calls.has(call)) this.#calls.delete(call);
    return [...this.#calls.values()];
  }

  #plan(planned: Planned): void {
    const later = this.#planned.findIndex(({ at }) => at > planned.at);
    this.#planned.splice(later < 0 ? this.#planned.length : later, 0, planned);
  }

  async #nextRun(saga: SagaRun): Promise<void> {
    await saga.begin(this.world.nowMs);
    this.world.afterTurn(saga, saga.execution);
  }

  /** @returns undefined when no saga is notified */
  #attemptEnds(timed: TimedCall): Promise<void> | undefined {
    const { world } = this;
    const { call, hangsUntil } = timed;
    if (timed.isDropped) return this.#dropped(timed);
    if (hangsUntil !== undefined && call.waiting) {
      this.#plan(doneLate(call.leftAlone(), hangsUntil));
      return this.#failed(timed, tooLate(call.step));
    }
    const condition = conditionOf(this.outages, call.step, this.at);
    if (condition.kind !== 'works') return this.#failed(timed, connectionLost(call.step));
    world.beginStep(call, condition.held);
    world.commit(call);
    if (!call.waiting) return Promise.resolve();
    // The server retries a step that is busy for all.
    if (call.answer === undefined) return this.#failed(timed, connectionLost(call.step));
    return world.reply(call);
  }

  #failed(timed: TimedCall, failure: Error): Promise<void> | undefined {
    if (timed.retry(this.at)) return undefined;
    const { step } = timed.call;
    return this.world.answer(timed.call, { failure: step.remote ? noTimeLeft(step, failure) : failure });
  }

  /** The server has cancelled it: an event, and a task. */
  async #dropped({ call, cancelledFor }: TimedCall): Promise<void> {
    this.world.calls.delete(call);
    if (!cancelledFor) return;
    const { saga, seq } = cancelledFor;
    const { name, orderIds, remote } = call.step;
    const answer = { failure: connectionLost(call.step) };
    await this.world.deliver(saga, [{ kind: 'step', seq, name, orderIds, remote, answer }]);
  }
}
