/**
 * Joins the same step, asked for by several orders in the same turn, into one activity over a list: the
 * group commit of sagas. Sparing with promises, because the SDK takes a stack trace of each one.
 */
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { sleep } from '@temporalio/workflow';
import type { Busy } from '../domain/contracts';
import { FIRST_PAUSE_MS, PAUSE_GROWTH } from './activity-options';
import { type Cancellation, CancellationRequested } from './cancellation';
import { StepTimeout } from './saga-failures';
import type { Turn } from './turn';

interface Ordered {
  readonly orderId: string;
}

/** What a batch leaves of a step's results: the busy ones are asked again. */
export type Settled<Result> = Exclude<Result, Busy>;

/** One order that waits for its answer. */
interface Asked<Item, Result> {
  readonly item: Item;
  /** Whether it has neither an answer nor gone its own way. */
  waiting: boolean;
  readonly resolve: (result: Settled<Result>) => void;
  readonly reject: (reason: unknown) => void;
}

export interface StepBatchOptions<Item, Result> {
  /** In words, for the Temporal UI. */
  readonly words: string;
  /** How long an order waits for its answer, milliseconds; Infinity when the step must succeed. */
  readonly timeoutMs: number;
  readonly longestPauseMs: number;
  readonly turn: Turn;
  /** One attempt of the step, for all these orders, that may take `leftMs`. */
  readonly attempt: (items: readonly Item[], leftMs: number) => Promise<readonly Result[]>;
  /** Told of each attempt that failed as a whole. */
  readonly onFailure?: (failure: unknown) => void;
}

export class StepBatch<Item extends Ordered, Result extends Ordered & { readonly outcome: string }> {
  #joining: Asked<Item, Result>[] = [];

  constructor(private readonly options: StepBatchOptions<Item, Result>) {}

  /**
   * The step's answer for one order. It is asked again, for as long as the step may take, while its row
   * is busy or its service is away; neighbours that have their answers go on meanwhile.
   *
   * @param cancellation ends the order's wait when it is requested; without it the step is asked for to its end
   * @throws CancellationRequested only this order stops waiting; the outcome is unknown
   * @throws StepTimeout when there was no answer in time; the outcome is unknown
   * @throws TemporalFailure what the step failed with for good: a bug
   */
  ask(item: Item, cancellation?: Cancellation): Promise<Settled<Result>> {
    if (cancellation?.requested) {
      return Promise.reject(new CancellationRequested('cancelled before its next step'));
    }
    return new Promise((resolve, reject) => {
      const asked: Asked<Item, Result> = { item, waiting: true, resolve, reject };
      cancellation?.onRequest(() => {
        this.#answer(asked, () => {
          reject(new CancellationRequested('cancelled while it waited'));
        });
      });
      if (this.#joining.push(asked) === 1) {
        this.options.turn.atEnd(() => {
          void this.#run();
        });
      }
      this.options.turn.leave();
    });
  }

  /** An order goes on: with its answer, or its own way. */
  #answer(asked: Asked<Item, Result>, settle: () => void): void {
    if (!asked.waiting) return;
    asked.waiting = false;
    this.options.turn.enter();
    settle();
  }

  async #run(): Promise<void> {
    const { words, timeoutMs, longestPauseMs } = this.options;
    const deadline = Date.now() + timeoutMs;
    let waiting: readonly Asked<Item, Result>[] = this.#joining.splice(0);
    try {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * PAUSE_GROWTH, longestPauseMs)) {
        waiting = await this.#attempt(waiting, deadline - Date.now());
        if (waiting.length === 0) return;
        await sleep(Math.max(Math.min(pauseMs, deadline - Date.now()), 0), {
          summary: `before asking again: ${words}`,
        });
        // A cancelled order has gone its own way: asking for it again could only do harm.
        waiting = waiting.filter((asked) => asked.waiting);
        if (waiting.length === 0) return;
        if (Date.now() >= deadline) throw new StepTimeout(`no answer in ${String(timeoutMs)} ms: ${words}`);
      }
    } catch (failure) {
      for (const asked of waiting) this.#fail(asked, failure);
    }
  }

  /** @returns those that have no answer yet: their rows are busy, or the whole attempt failed */
  async #attempt(
    waiting: readonly Asked<Item, Result>[],
    leftMs: number,
  ): Promise<readonly Asked<Item, Result>[]> {
    let results;
    try {
      results = await this.options.attempt(
        waiting.map(({ item }) => item),
        leftMs,
      );
    } catch (failure) {
      this.options.onFailure?.(failure);
      if (mayPass(failure)) return waiting;
      throw failure;
    }
    const byOrder = new Map(results.map((result) => [result.orderId, result]));
    return waiting.filter((asked) => {
      const { orderId } = asked.item;
      const result = byOrder.get(orderId);
      if (!result) this.#fail(asked, new TypeError(`the step gave no result for order ${orderId}`));
      else if (isSettled(result)) {
        this.#answer(asked, () => {
          asked.resolve(result);
        });
      } else return true;
      return false;
    });
  }

  #fail(asked: Asked<Item, Result>, failure: unknown): void {
    this.#answer(asked, () => {
      asked.reject(failure);
    });
  }
}

function isSettled<Result extends { readonly outcome: string }>(result: Result): result is Settled<Result> {
  return result.outcome !== 'busy';
}

/**
 * Infrastructure was away, or the attempt took too long; a failure that says it is final is a bug. A
 * local activity fails with its own failure, a regular one wraps it in an ActivityFailure.
 */
function mayPass(failure: unknown): boolean {
  const reason = failure instanceof ActivityFailure ? failure.cause : failure;
  if (reason instanceof ApplicationFailure) return reason.nonRetryable !== true;
  return reason instanceof TimeoutFailure;
}
