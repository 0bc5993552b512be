/**
 * Joins the same step, asked for by several orders in the same turn of the workflow, into one activity
 * over a list: the group commit of sagas. Deterministic, because the order of microtasks is.
 */
import { CancelledFailure, CancellationScope } from '@temporalio/workflow';

/**
 * A batch is closed when nobody has joined it for this many microtasks. Coroutines that were resumed
 * together reach their next step within a handful of awaits; a bound that is too small would only cost
 * another activity, never a wrong result.
 */
const QUIET_MICROTASKS = 32;

interface Asked<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

export class StepBatch<Item extends { readonly orderId: string }, Result extends { readonly orderId: string }> {
  #joined: Asked<Item, Result>[] = [];

  /**
   * @param run the step over a list of orders; it answers with one result per order
   */
  constructor(private readonly run: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  /**
   * The step's result for one order.
   *
   * When the order's scope is cancelled meanwhile, only this order stops waiting; the activity goes on
   * for its neighbours, and for this order its outcome is unknown.
   *
   * @throws CancelledFailure when the order's scope is, or becomes, cancelled
   * @throws ActivityFailure what the activity failed with, for each order of the batch
   */
  async ask(item: Item): Promise<Result> {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) throw new CancelledFailure('cancelled before the step was asked for');
    const answer = new Promise<Result>((resolve, reject) => {
      this.#joined.push({ item, resolve, reject });
    });
    if (this.#joined.length === 1) void this.#runAtEndOfTurn();
    return Promise.race([answer, scope.cancelRequested]);
  }

  async #runAtEndOfTurn(): Promise<void> {
    await this.#quiet();
    const batch = this.#joined;
    this.#joined = [];
    try {
      const results = await CancellationScope.nonCancellable(() => this.run(batch.map(({ item }) => item)));
      const byOrder = new Map(results.map((result) => [result.orderId, result]));
      for (const { item, resolve, reject } of batch) {
        const result = byOrder.get(item.orderId);
        if (result) resolve(result);
        else reject(new TypeError(`the step gave no result for order ${item.orderId}`));
      }
    } catch (failure) {
      for (const { reject } of batch) reject(failure);
    }
  }

  async #quiet(): Promise<void> {
    let joined;
    do {
      joined = this.#joined.length;
      for (let hop = 0; hop < QUIET_MICROTASKS; hop++) await Promise.resolve();
    } while (this.#joined.length > joined);
  }
}
