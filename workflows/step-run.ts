/** One list of orders that wait for the same step: it is asked for until each of them has its answer. */
import { ActivityFailure, ApplicationFailure, TemporalFailure, TimeoutFailure } from '@temporalio/common';
import { patched, sleep } from '@temporalio/workflow';
import type { Busy } from '../domain/contracts';
import { FIRST_PAUSE_MS, PAUSE_GROWTH } from './activity-options';
import type { Attention, ParkedStep } from './attention';
import { timestamp } from './clock';
import { StepTimeout } from './saga-failures';
import { StepLimit } from './step-limit';
import type { Turn } from './turn';

/** Sagas from before a step that failed for good was parked must replay without: docs/changing-a-saga.md. */
const PATCH = 'park-failed-steps';

const BUSY = 'its row is busy';

export interface Ordered {
  readonly orderId: string;
}

export type Answer = Ordered & { readonly outcome: string };

/** What a batch leaves of a step's results: the busy ones are asked again. */
export type Settled<Result> = Exclude<Result, Busy>;

/** One order that waits for its answer. */
export class Asked<Item, Result> {
  /** Whether it has neither an answer nor gone its own way. */
  waiting = true;

  constructor(
    readonly item: Item,
    private readonly turn: Turn,
    private readonly resolve: (result: Settled<Result>) => void,
    private readonly reject: (reason: unknown) => void,
  ) {}

  answer(result: Settled<Result>): void {
    if (this.#goesOn()) this.resolve(result);
  }

  fail(failure: unknown): void {
    if (this.#goesOn()) this.reject(failure);
  }

  #goesOn(): boolean {
    if (!this.waiting) return false;
    this.waiting = false;
    this.turn.enter();
    return true;
  }
}

export interface StepRunOptions<Item, Result> {
  /** In words, for the Temporal UI. */
  readonly words: string;
  /** How long an order waits for its answer, milliseconds; Infinity when the step must succeed. */
  readonly timeoutMs: number;
  readonly longestPauseMs: number;
  /** Told when a step that must succeed has been failing for `attentionAfterMs`, and when it has succeeded. */
  readonly attention: Attention;
  readonly attentionAfterMs: number;
  /** Whether timers tell it how long it has been asked for (ADR 18). */
  readonly limitsByTimer: boolean;
  /** One attempt of the step, for all these orders, that may take `leftMs`. */
  readonly attempt: (items: readonly Item[], leftMs: number) => Promise<readonly Result[]>;
  /** Told of each attempt that failed as a whole. */
  readonly onFailure?: (failure: unknown) => void;
  /** In words, why an answer of a step that must succeed is none; then it is asked for again. */
  readonly refusal?: (result: Settled<Result>) => string | undefined;
}

export class StepRun<Item extends Ordered, Result extends Answer> implements ParkedStep {
  readonly #since = timestamp();
  readonly #limit: StepLimit;
  #pausing = false;
  #reason = BUSY;
  /** Whether asking again is in vain before somebody has mended something. */
  #refused = false;
  /** Ends what is waited for just now. */
  #retry: (() => void) | undefined;

  constructor(
    private readonly options: StepRunOptions<Item, Result>,
    private waiting: readonly Asked<Item, Result>[],
  ) {
    const { attentionAfterMs, timeoutMs, limitsByTimer } = options;
    this.#limit = new StepLimit(this.#mustSucceed ? attentionAfterMs : timeoutMs, limitsByTimer);
  }

  get words(): string {
    return this.options.words;
  }

  get reason(): string {
    return this.#reason;
  }

  get since(): string {
    return this.#since;
  }

  get orderIds(): readonly string[] {
    return this.#stillWaiting().map(({ item }) => item.orderId);
  }

  retry(): void {
    this.#retry?.();
  }

  giveUp(orderIds: readonly string[], givenUp: Error): void {
    for (const asked of this.waiting) if (orderIds.includes(asked.item.orderId)) asked.fail(givenUp);
    this.retry();
  }

  async run(): Promise<void> {
    const { words, timeoutMs, longestPauseMs, attention } = this.options;
    let pauseMs = FIRST_PAUSE_MS;
    let atOnce = false;
    try {
      this.waiting = await this.#attempt();
      if (this.waiting.length > 0) this.#watchLimit();
      while (this.waiting.length > 0) {
        this.#tell();
        this.#pausing = true;
        if (!atOnce) await this.#orRetried(sleep(pauseMs, { summary: `before asking again: ${words}` }));
        this.#pausing = false;
        pauseMs = Math.min(pauseMs * PAUSE_GROWTH, longestPauseMs);
        // A cancelled order has gone its own way: asking for it again could only do harm.
        this.waiting = this.#stillWaiting();
        if (this.waiting.length === 0) return;
        if (!this.#mustSucceed && this.#limit.isPassed)
          throw new StepTimeout(`no answer in ${String(timeoutMs)} ms: ${words}`);
        const left = await this.#orRetried(this.#attempt());
        atOnce = left === undefined;
        this.waiting = left ?? this.waiting;
      }
    } catch (failure) {
      for (const asked of this.waiting) asked.fail(failure);
    } finally {
      attention.clear(words);
    }
  }

  get #mustSucceed(): boolean {
    return this.options.timeoutMs === Infinity;
  }

  /** An attempt that is under way at the limit has its own, and its answer counts; a pause ends. */
  #watchLimit(): void {
    this.#limit.watch(this.words, () => {
      if (this.#pausing && !this.#mustSucceed) this.retry();
      if (this.#stillWaiting().length > 0) this.#tell();
    });
  }

  /** A step that need not succeed tells nobody: it ends in time. */
  #tell(): void {
    if (!this.#mustSucceed) return;
    if (this.#refused || this.#limit.isPassed) this.options.attention.raise(this);
  }

  /**
   * Not a cancellation scope: what an operator does not want to wait for may go on, and does no harm.
   *
   * @returns undefined when an operator wants the step to be asked for at once, before the work is done
   */
  #orRetried<T>(work: Promise<T>): Promise<T | undefined> {
    const retried = new Promise<undefined>((resolve) => {
      this.#retry = () => {
        resolve(undefined);
      };
    });
    return Promise.race([work, retried]);
  }

  #stillWaiting(): readonly Asked<Item, Result>[] {
    return this.waiting.filter((asked) => asked.waiting);
  }

  /** @returns those that have no answer yet: their rows are busy, or the whole attempt failed */
  async #attempt(): Promise<readonly Asked<Item, Result>[]> {
    const { waiting, options } = this;
    this.#refused = false;
    let results;
    try {
      results = await options.attempt(
        waiting.map(({ item }) => item),
        options.timeoutMs - this.#limit.elapsedMs,
      );
    } catch (failure) {
      options.onFailure?.(failure);
      if (!mayPass(failure) && !(failure instanceof TemporalFailure && this.#parks())) throw failure;
      const reason = reasonOf(failure);
      this.#reason = reason instanceof Error ? reason.message : BUSY;
      return waiting;
    }
    const byOrder = new Map(results.map((result) => [result.orderId, result]));
    return waiting.filter((asked) => !this.#settles(asked, byOrder.get(asked.item.orderId)));
  }

  /** @returns whether the order goes on with the result */
  #settles(asked: Asked<Item, Result>, result: Result | undefined): boolean {
    if (!result) return withoutResult(asked);
    const refusal = isSettled(result) ? this.options.refusal?.(result) : undefined;
    if (isSettled(result) && (refusal === undefined || !this.#parks())) {
      asked.answer(result);
      return true;
    }
    this.#reason = refusal ?? BUSY;
    return false;
  }

  /** Whether what failed for good, though it must succeed, is asked for again until somebody has mended it. */
  #parks(): boolean {
    if (!this.#mustSucceed || !patched(PATCH)) return false;
    this.#refused = true;
    return true;
  }
}

function withoutResult<Item extends Ordered, Result>(asked: Asked<Item, Result>): true {
  asked.fail(new TypeError(`the step gave no result for order ${asked.item.orderId}`));
  return true;
}

function isSettled<Result extends { readonly outcome: string }>(result: Result): result is Settled<Result> {
  return result.outcome !== 'busy';
}

/** A local activity fails with its own failure, a regular one wraps it in an ActivityFailure. */
function reasonOf(failure: unknown): unknown {
  return failure instanceof ActivityFailure ? failure.cause : failure;
}

/** Infrastructure was away, or the attempt took too long; a failure that says it is final is a bug. */
function mayPass(failure: unknown): boolean {
  const reason = reasonOf(failure);
  if (reason instanceof ApplicationFailure) return reason.nonRetryable !== true;
  return reason instanceof TimeoutFailure;
}
