/**
 * Which of a saga's steps have failed and are still waited for, as its recorded history says: what the saga itself shows
 * of its parked steps has to be the same. It knows nothing of how the engine keeps them.
 */
import { GIVE_UP_STEP } from '../../saga/contract';
import type { Job, StepEnded } from './activation';
import { CheckDeadlines } from './check-deadlines';
import type { Execution } from './execution';
import type { StepName } from './model-steps';
import type { NewTimer, Noted, Observed } from './observed';
import { ACTIVITIES, activityOf, isGivingUp, shownIn } from './shown-steps';
import { isOutOfTime, isPermanent } from './step-failures';
import { StepWait } from './step-wait';
import type { Memo } from './workflow-host';

/** The summaries of the engine's timers. */
const UNTIL_PARKED = 'until it is parked: ';
const UNTIL_DEADLINE = 'until the deadline: ';

/** The one step with a deadline: it is never parked. */
export const BOUNDED: StepName = 'reserveCredit';

export class WaitingSteps {
  /** Whether one of its steps was given up: then it has to fail. */
  decided = false;
  readonly #steps = new Map<string, StepWait>();
  readonly #parkTimers = new Map<number, { readonly wait: StepWait; readonly number: number }>();
  readonly #deadlines = new CheckDeadlines();

  constructor(
    private readonly sagaId: string,
    private readonly observed: Observed,
  ) {}

  /** A delivery is an event at once, whatever happens to the worker that gets it. */
  onDelivery(jobs: readonly Job[], issuedBefore: number): void {
    const { asked, failing } = this.#of(BOUNDED);
    for (const job of jobs) {
      if (job.kind === 'signal' && job.name === GIVE_UP_STEP) this.#giveUp(job.argument, issuedBefore);
      // After Cancel, no order waits for a credit check.
      if (job.kind === 'cancel') for (const orderId of asked) this.#of(BOUNDED).settle(orderId, issuedBefore);
      if (job.kind === 'step') for (const orderId of this.#outOfTime(job)) this.observed.late.add(orderId);
      const due = job.kind === 'timer' ? this.#deadlines.dueOf(job.seq) : undefined;
      if (due === undefined) continue;
      for (const orderId of asked) this.observed.late.add(orderId);
      for (const orderId of failing)
        if (this.#deadlines.isOver(orderId, due)) this.#of(BOUNDED).settle(orderId, issuedBefore);
    }
  }

  /** @param isLast whether the run continues as new with this task: other inputs may be too late for it */
  take(noted: readonly Noted[], execution: Execution, isLast: boolean): void {
    this.#goOnTogether(noted, execution);
    const known = this.#deadlines.timers;
    for (const { job, issuedBefore, timers } of noted) {
      // Of an attempt that another one has replaced the code hears nothing.
      if (job.kind === 'step' && !execution.isCancelled(job.seq)) this.#stepEnded(job, issuedBefore, isLast);
      else if (job.kind === 'timer') this.#fired(job.seq, isLast);
      for (const timer of timers) this.#timerRuns(timer);
    }
    for (const [seq, { name, orderIds }] of execution.steps) {
      const wait = this.#of(name);
      for (const orderId of orderIds) if (wait.isMeant(orderId, seq)) wait.asked.add(orderId);
    }
    this.#deadlines.note(this.#of(BOUNDED).failing, known);
  }

  /** Those that ask for a step together with others whom it has failed before wait with these. */
  #goOnTogether(noted: readonly Noted[], { steps }: Execution): void {
    const attempts = noted.flatMap(({ job }) => (job.kind === 'step' ? [job] : []));
    const underWay = [...steps].map(([seq, { name, orderIds }]) => ({ seq, name, orderIds }));
    for (const { seq, name, orderIds } of [...attempts, ...underWay]) {
      const wait = this.#of(name);
      if (!orderIds.some((orderId) => wait.failing.has(orderId))) continue;
      for (const orderId of orderIds)
        if (wait.isMeant(orderId, seq) && !wait.perhaps.has(orderId)) wait.fail(orderId);
    }
  }

  /**
   * Commands are numbered anew; those that had just asked for a step that fails for others go on with these. An order
   * that came to such a step with the last task of the run before had no time to ask: only the memo says so.
   */
  newRun(memo: Memo): void {
    this.#parkTimers.clear();
    this.#deadlines.newRun();
    const waits = [...this.#steps.values()];
    for (const { step, subjects } of shownIn(memo)) {
      const wait = this.#of(activityOf(step));
      if (wait.failing.size > 0) for (const orderId of subjects) this.#comesTo(wait, orderId);
    }
    for (const { settled, failing, asked } of waits) {
      settled.clear();
      if (failing.size > 0) for (const orderId of asked) failing.add(orderId);
    }
  }

  /** Unless it waits for this step already, or certainly for another one. */
  #comesTo(next: StepWait, orderId: string): void {
    if (next.asked.has(orderId)) return;
    const before = [...this.#steps.values()].filter(({ asked }) => asked.has(orderId));
    if (before.some(({ perhaps }) => !perhaps.has(orderId))) return;
    for (const wait of before) wait.settle(orderId, 0);
    next.fail(orderId);
  }

  /** The saga starts again. */
  forget(): void {
    this.newRun({});
    this.#steps.clear();
    this.#deadlines.forget();
    this.decided = false;
  }

  /** @returns the orders that wait for steps which are parked, by step in words */
  parked(): Map<string, readonly string[]> {
    const parked = new Map<string, readonly string[]>();
    for (const [words, name] of ACTIVITIES) {
      const wait = this.#steps.get(name);
      if (wait?.parked && wait.failing.size > 0) parked.set(words, [...wait.failing].sort());
    }
    return parked;
  }

  /** @returns which steps fail without a timer that says when they are parked, in words */
  unwatched(): string[] {
    const unwatched: string[] = [];
    for (const [name, wait] of this.#steps) {
      const certain = [...wait.failing].some((orderId) => !wait.perhaps.has(orderId));
      if (!certain || name === BOUNDED || wait.parked) continue;
      const timers = [...this.#parkTimers.values()];
      if (!timers.some((timer) => timer.wait === wait && timer.number === wait.number))
        unwatched.push(`${name} of ${this.sagaId} fails, and no timer parks it`);
    }
    return unwatched;
  }

  /** @returns which credit checks have no timer any more that ends them in time, in words */
  postponed(now: number): string[] {
    const wait = this.#steps.get(BOUNDED);
    return wait ? this.#deadlines.postponed(wait, now) : [];
  }

  /** @returns where the memo says something else, in words */
  wrongMemo(memo: Memo): string[] {
    const shown = shownIn(memo);
    if (this.#steps.size === 0 && shown.length === 0) return [];
    const expected = [...this.parked()].flatMap(([step, orders]) => this.#certain(step, orders)).sort();
    const said = shown.flatMap(({ step, subjects }) => this.#certain(step, subjects)).sort();
    if (expected.join() === said.join()) return [];
    return [`${this.sagaId} shows parked steps [${said.join('; ')}], expected: [${expected.join('; ')}]`];
  }

  /** @returns the step in words, but for what two runs may see either way; empty when that is all */
  #certain(step: string, orders: readonly string[]): string[] {
    const wait = this.#steps.get(activityOf(step));
    const certain = wait?.unsure ? [] : orders.filter((orderId) => !wait?.perhaps.has(orderId));
    return certain.length === 0 ? [] : [`${step} of ${[...certain].sort().join(', ')}`];
  }

  #of(name: string): StepWait {
    const known = this.#steps.get(name);
    if (known) return known;
    const wait = new StepWait();
    this.#steps.set(name, wait);
    return wait;
  }

  #stepEnded(
    { seq, name, orderIds, answer, remote }: StepEnded,
    issuedBefore: number,
    isLast: boolean,
  ): void {
    const wait = this.#of(name);
    if ('failure' in answer) {
      const meant = orderIds.filter((orderId) => wait.isMeant(orderId, seq));
      const outOfTime = this.#outOfTime({ seq, name, orderIds, answer, remote });
      for (const orderId of outOfTime) wait.settle(orderId, issuedBefore);
      if (outOfTime.length > 0) return;
      if (!isPermanent(answer.failure)) for (const orderId of meant) wait.fail(orderId);
      else if (name === BOUNDED) for (const orderId of meant) wait.settle(orderId, issuedBefore);
      else if (meant.length > 0) {
        for (const orderId of meant) wait.fail(orderId);
        wait.parked = true;
      }
      return;
    }
    if (isLast && remote) {
      for (const orderId of orderIds) wait.perhaps.add(orderId);
      return;
    }
    for (const { orderId, outcome } of answer.results.filter((result) => wait.isMeant(result.orderId, seq))) {
      const isRefused = name === 'releaseCredit' && outcome === 'conflict';
      if (outcome === 'busy' || isRefused) wait.fail(orderId);
      else wait.settle(orderId, issuedBefore);
      wait.parked ||= isRefused;
    }
  }

  /** @returns the orders whose credit check has no time for another attempt, and no timer that says so */
  #outOfTime({ seq, name, orderIds, answer }: Omit<StepEnded, 'kind'>): string[] {
    if (name !== BOUNDED || !('failure' in answer) || !isOutOfTime(answer.failure)) return [];
    const wait = this.#of(name);
    return orderIds.filter(
      (orderId) => wait.isMeant(orderId, seq) && wait.asked.has(orderId) && !wait.failing.has(orderId),
    );
  }

  #timerRuns({ seq, summary, due }: NewTimer): void {
    if (summary.startsWith(UNTIL_DEADLINE)) this.#deadlines.timerRuns(seq, due);
    if (!summary.startsWith(UNTIL_PARKED) || this.#parkTimers.has(seq)) return;
    const wait = this.#of(activityOf(summary.slice(UNTIL_PARKED.length)));
    this.#parkTimers.set(seq, { wait, number: wait.number });
  }

  #fired(seq: number, tooLate: boolean): void {
    const timer = this.#parkTimers.get(seq);
    this.#parkTimers.delete(seq);
    this.#deadlines.timerEnds(seq);
    if (!timer || timer.wait.number !== timer.number || timer.wait.failing.size === 0) return;
    timer.wait.parked = true;
    timer.wait.unsure = tooLate;
  }

  #giveUp(argument: unknown, issuedBefore: number): void {
    if (!isGivingUp(argument)) return;
    const { by, reason, subject } = argument;
    for (const [step, orders] of this.parked()) {
      for (const orderId of orders.filter((id) => subject === undefined || id === subject)) {
        this.decided = true;
        this.observed.decisions.push({ sagaId: this.sagaId, orderId, step, by, reason });
        this.#of(activityOf(step)).settle(orderId, issuedBefore);
      }
    }
  }
}
