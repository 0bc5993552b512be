/**
 * Which of a saga's steps have failed and are still waited for, as its recorded history says: what the saga itself shows
 * of its parked steps has to be the same. It knows nothing of how the engine keeps them.
 */
import { GIVE_UP_STEP, type GiveUpStepRequest, PARKED_MEMO, type ParkedStep } from '../saga/contract';
import * as orderSteps from '../workflows/order-steps';
import type { Job, StepEnded } from './activation';
import type { Execution } from './execution';
import type { StepName } from './model-steps';
import type { Memo } from './workflow-host';

const WORDS = new Map(Object.values(orderSteps).map(({ activity, words }) => [words, activity]));

/** The summaries of the engine's timers. */
const UNTIL_PARKED = 'until it is parked: ';
const UNTIL_DEADLINE = 'until the deadline: ';

/** The one step with a deadline: it is never parked. */
const BOUNDED: StepName = 'reserveCredit';

/** A job, and the last command that the code had issued before it. */
export interface Noted {
  readonly job: Job;
  readonly issuedBefore: number;
}

/** What an operator has given up. */
export interface GivenUp extends Pick<GiveUpStepRequest, 'by' | 'reason'> {
  readonly sagaId: string;
  readonly orderId: string;
  readonly step: string;
}

class StepWait {
  readonly asked = new Set<string>();
  readonly failing = new Set<string>();
  /** By order, the last command that was issued before it got its answer: what belongs to that is of no interest. */
  readonly settled = new Map<string, number>();
  parked = false;
  /** Whether it may be the next run that says so. */
  unsure = false;
  /** How often everybody has had an answer. */
  number = 0;

  isMeant(orderId: string, seq: number): boolean {
    return seq > (this.settled.get(orderId) ?? 0);
  }

  fail(orderId: string): void {
    this.asked.add(orderId);
    this.failing.add(orderId);
  }

  settle(orderId: string, issuedBefore: number): void {
    this.asked.delete(orderId);
    this.settled.set(orderId, issuedBefore);
    if (!this.failing.delete(orderId) || this.failing.size > 0) return;
    this.parked = false;
    this.unsure = false;
    this.number += 1;
  }
}

/** What is seen of a saga that the checks have to know, whatever becomes of the saga. */
export interface Observed {
  /** Orders whose credit check has come to its deadline without an answer. */
  readonly late: Set<string>;
  readonly decisions: GivenUp[];
}

export class WaitingSteps {
  readonly #steps = new Map<string, StepWait>();
  readonly #parkTimers = new Map<number, { readonly wait: StepWait; readonly number: number }>();
  readonly #deadlines = new Set<number>();

  constructor(
    private readonly sagaId: string,
    private readonly observed: Observed,
  ) {}

  /** What Temporal tells the saga is an event at once, whatever becomes of the worker that gets it. */
  told(jobs: readonly Job[], issuedBefore: number): void {
    if (jobs.some((job) => job.kind === 'timer' && this.#deadlines.has(job.seq)))
      for (const orderId of this.#of(BOUNDED).asked) this.observed.late.add(orderId);
    for (const job of jobs)
      if (job.kind === 'signal' && job.name === GIVE_UP_STEP) this.#giveUp(job.argument, issuedBefore);
  }

  /** @param isLast whether the run continues as new with this task: what else it was told may be too late for it */
  take(noted: readonly Noted[], { timers, steps }: Execution, isLast: boolean): void {
    for (const { job, issuedBefore } of noted) {
      if (job.kind === 'step' && !(isLast && job.remote && 'results' in job.answer))
        this.#stepEnded(job, issuedBefore);
      else if (job.kind === 'timer') this.#fired(job.seq, isLast);
    }
    for (const [seq, { name, orderIds }] of steps) {
      const wait = this.#of(name);
      for (const orderId of orderIds) if (wait.isMeant(orderId, seq)) wait.asked.add(orderId);
    }
    for (const [seq, { summary }] of timers) this.#timerRuns(seq, summary);
  }

  /** Commands are numbered anew; those that had just asked for a step that fails for others go on with these. */
  newRun(): void {
    this.#parkTimers.clear();
    this.#deadlines.clear();
    for (const { settled, failing, asked } of this.#steps.values()) {
      settled.clear();
      if (failing.size > 0) for (const orderId of asked) failing.add(orderId);
    }
  }

  /** It runs again from the start. */
  forget(): void {
    this.newRun();
    this.#steps.clear();
  }

  /** @returns the orders that wait for steps which are parked, by step in words */
  parked(): Map<string, readonly string[]> {
    const parked = new Map<string, readonly string[]>();
    for (const [words, name] of WORDS) {
      const wait = this.#steps.get(name);
      if (wait?.parked && wait.failing.size > 0) parked.set(words, [...wait.failing].sort());
    }
    return parked;
  }

  /** @returns which steps fail without a timer that says when they are parked, in words */
  unwatched(): string[] {
    const unwatched: string[] = [];
    for (const [name, wait] of this.#steps) {
      if (wait.failing.size === 0 || name === BOUNDED || wait.parked) continue;
      const timers = [...this.#parkTimers.values()];
      if (!timers.some((timer) => timer.wait === wait && timer.number === wait.number))
        unwatched.push(`${name} of ${this.sagaId} fails, and nothing says when it is parked`);
    }
    return unwatched;
  }

  /** @returns where the memo says something else, in words */
  wrongMemo(memo: Memo): string[] {
    const unsure = new Set(
      [...WORDS].flatMap(([words, name]) => (this.#steps.get(name)?.unsure ? [words] : [])),
    );
    const shown = shownIn(memo).filter(({ step }) => !unsure.has(step));
    if (this.#steps.size === 0 && shown.length === 0) return [];
    const expected = [...this.parked()]
      .filter(([step]) => !unsure.has(step))
      .map(([step, orders]) => `${step} of ${orders.join(', ')}`)
      .sort();
    const said = shown.map(({ step, subjects }) => `${step} of ${[...subjects].sort().join(', ')}`).sort();
    if (expected.join() === said.join()) return [];
    return [
      `${this.sagaId} shows as parked [${said.join('; ')}], and what is parked is [${expected.join('; ')}]`,
    ];
  }

  #of(name: string): StepWait {
    const known = this.#steps.get(name);
    if (known) return known;
    const wait = new StepWait();
    this.#steps.set(name, wait);
    return wait;
  }

  #stepEnded({ seq, name, orderIds, answer }: StepEnded, issuedBefore: number): void {
    const wait = this.#of(name);
    if ('failure' in answer) {
      const meant = orderIds.filter((orderId) => wait.isMeant(orderId, seq));
      if (!isPermanent(answer.failure)) for (const orderId of meant) wait.fail(orderId);
      else if (name === BOUNDED) for (const orderId of meant) wait.settle(orderId, issuedBefore);
      else if (meant.length > 0) {
        for (const orderId of meant) wait.fail(orderId);
        wait.parked = true;
      }
      return;
    }
    for (const { orderId, outcome } of answer.results.filter((result) => wait.isMeant(result.orderId, seq))) {
      const isRefused = name === 'releaseCredit' && outcome === 'conflict';
      if (outcome === 'busy' || isRefused) wait.fail(orderId);
      else wait.settle(orderId, issuedBefore);
      wait.parked ||= isRefused;
    }
  }

  #timerRuns(seq: number, summary: string): void {
    if (summary.startsWith(UNTIL_DEADLINE)) this.#deadlines.add(seq);
    if (!summary.startsWith(UNTIL_PARKED) || this.#parkTimers.has(seq)) return;
    const wait = this.#of(WORDS.get(summary.slice(UNTIL_PARKED.length)) ?? summary);
    this.#parkTimers.set(seq, { wait, number: wait.number });
  }

  #fired(seq: number, tooLate: boolean): void {
    const timer = this.#parkTimers.get(seq);
    this.#parkTimers.delete(seq);
    if (!timer || timer.wait.number !== timer.number || timer.wait.failing.size === 0) return;
    timer.wait.parked = true;
    timer.wait.unsure = tooLate;
  }

  #giveUp(argument: unknown, issuedBefore: number): void {
    if (!isGivingUp(argument)) return;
    const { by, reason, subject } = argument;
    for (const [step, orders] of this.parked())
      for (const orderId of orders.filter((id) => subject === undefined || id === subject)) {
        this.observed.decisions.push({ sagaId: this.sagaId, orderId, step, by, reason });
        this.#of(WORDS.get(step) ?? step).settle(orderId, issuedBefore);
      }
  }
}

export function shownIn(memo: Memo): readonly ParkedStep[] {
  const shown = memo[PARKED_MEMO];
  return areParkedSteps(shown) ? shown : [];
}

function areParkedSteps(shown: unknown): shown is readonly ParkedStep[] {
  return Array.isArray(shown);
}

function isGivingUp(argument: unknown): argument is GiveUpStepRequest {
  return typeof argument === 'object' && argument !== null && 'by' in argument && 'reason' in argument;
}

function isPermanent(failure: Error): boolean {
  const cause = failure.cause ?? failure;
  return typeof cause === 'object' && 'nonRetryable' in cause && cause.nonRetryable === true;
}
