/**
 * Joins the same step, asked for by several orders in the same turn, into one activity over a list: the
 * group commit of sagas. Sparing with promises, because the SDK takes a stack trace of each one.
 */
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { CancelledFailure, CancellationScope, sleep } from '@temporalio/workflow';
import type { Busy } from '../domain/contracts';
import { FIRST_PAUSE_MS, PAUSE_GROWTH } from './activity-options';
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
  /** Whether cancelling the order's scope ends its wait; otherwise the step is asked for to its end. */
  readonly interruptible: boolean;
  readonly turn: Turn;
  /** One attempt of the step, for all these orders, that may take `leftMs`. */
  readonly attempt: (items: readonly Item[], leftMs: number) => Promise<readonly Result[]>;
}

export class StepBatch<Item extends Ordered, Result extends Ordered & { readonly outcome: string }> {
  #joining: Asked<Item, Result>[] = [];

  constructor(private readonly options: StepBatchOptions<Item, Result>) {}

  /**
   * The step's answer for one order. It is asked again, for as long as the step may take, while its row
   * is busy or its service is away; neighbours that have their answers go on meanwhile.
   *
   * @throws CancelledFailure when the step is interruptible and the order's scope is, or becomes, cancelled;
   *   only this order stops waiting, and the outcome is unknown
   * @throws StepTimeout when there was no answer in time; the outcome is unknown
   * @throws TemporalFailure what the step failed with for good: a bug
   */
  ask(item: Item): Promise<Settled<Result>> {
    const { interruptible, turn } = this.options;
    const scope = CancellationScope.current();
    if (interruptible && scope.consideredCancelled) {
      return Promise.reject(new CancelledFailure('cancelled before its next step'));
    }
    return new Promise((resolve, reject) => {
      const goOn = (settle: () => void): void => {
        if (!asked.waiting) return;
        asked.waiting = false;
        turn.enter();
        settle();
      };
      const asked: Asked<Item, Result> = {
        item,
        waiting: true,
        resolve: (result) => {
          goOn(() => {
            resolve(result);
          });
        },
        reject: (reason) => {
          goOn(() => {
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was caught is handed on
            reject(reason);
          });
        },
      };
      if (interruptible) scope.cancelRequested.catch(asked.reject);
      if (this.#joining.push(asked) === 1) {
        turn.atEnd(() => {
          void this.#run();
        });
      }
      turn.leave();
    });
  }

  async #run(): Promise<void> {
    const batch = this.#joining;
    this.#joining = [];
    try {
      await CancellationScope.nonCancellable(() => this.#untilAnswered(batch));
    } catch (failure) {
      for (const { reject } of batch) reject(failure);
    }
  }

  async #untilAnswered(batch: readonly Asked<Item, Result>[]): Promise<void> {
    const { words, timeoutMs, longestPauseMs } = this.options;
    const deadline = Date.now() + timeoutMs;
    let waiting = batch;
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      waiting = await this.#attempt(waiting, deadline - Date.now());
      if (waiting.length === 0) return;
      await sleep(Math.max(Math.min(pauseMs, deadline - Date.now()), 0), {
        summary: `before asking again: ${words}`,
      });
      pauseMs = Math.min(pauseMs * PAUSE_GROWTH, longestPauseMs);
      // A cancelled order has gone its own way: asking for it again could only do harm.
      waiting = waiting.filter((asked) => asked.waiting);
      if (waiting.length === 0) return;
      if (Date.now() >= deadline) throw new StepTimeout(`no answer in ${String(timeoutMs)} ms: ${words}`);
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
      if (mayPass(failure)) return waiting;
      throw failure;
    }
    const byOrder = new Map(results.map((result) => [result.orderId, result]));
    return waiting.filter(({ item, resolve, reject }) => {
      const result = byOrder.get(item.orderId);
      if (!result) reject(new TypeError(`the step gave no result for order ${item.orderId}`));
      else if (isSettled(result)) resolve(result);
      else return true;
      return false;
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
