/**
 * Joins the same step, asked for by several orders in the same turn, into one activity over a list: the
 * group commit of sagas. Sparing with promises, because the SDK takes a stack trace of each one.
 */
import { type Cancellation, CancellationRequested } from './cancellation';
import { type Answer, Asked, type Ordered, type Settled, StepRun, type StepRunOptions } from './step-run';
import type { Turn } from './turn';

export interface StepBatchOptions<Item, Result> extends StepRunOptions<Item, Result> {
  readonly turn: Turn;
}

export class StepBatch<Item extends Ordered, Result extends Answer> {
  #joining: Asked<Item, Result>[] = [];

  constructor(private readonly options: StepBatchOptions<Item, Result>) {}

  /**
   * The step's answer for one order. It is asked again, for as long as the step may take, while its row
   * is busy or its service is away; neighbours that have their answers go on meanwhile.
   *
   * @param cancellation ends the order's wait when it is requested; without it the step is asked for to its end
   * @throws CancellationRequested only this order stops waiting; the outcome is unknown
   * @throws StepTimeout when there was no answer in time; the outcome is unknown
   * @throws GivenUp when an operator gave the step up; the outcome is unknown
   * @throws TemporalFailure what the step failed with for good, when it need not succeed: a bug
   */
  ask(item: Item, cancellation?: Cancellation): Promise<Settled<Result>> {
    if (cancellation?.requested) {
      return Promise.reject(new CancellationRequested('cancelled before its next step'));
    }
    return new Promise((resolve, reject) => {
      const { turn } = this.options;
      const asked = new Asked<Item, Result>(item, turn, resolve, reject);
      cancellation?.onRequest(() => {
        asked.fail(new CancellationRequested('cancelled while it waited'));
      });
      if (this.#joining.push(asked) === 1) {
        turn.atEnd(() => {
          void new StepRun(this.options, this.#joining.splice(0)).run();
        });
      }
      turn.leave();
    });
  }
}
