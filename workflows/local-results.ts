/**
 * Takes the results of local activities one by one, each when everything before it has run its course.
 *
 * The engine hands a result over as soon as the activity is done. When another worker replays the history, it hands
 * over at once whatever the code was waiting for: the results of two activities that ended one after the other, or a
 * result together with what had begun the task in which it came. Code that goes on with both at once asks for the next
 * steps in another order than it did, and such a saga does not go on any more.
 */
import { condition, workflowInfo } from '@temporalio/workflow';

interface UnderWay {
  /** Whether no other was under way at any time. */
  alone: boolean;
}

export class LocalResults {
  readonly #underWay = new Set<UnderWay>();
  #waiting = 0;
  #taken = 0;

  /**
   * @param work a local activity that has just been asked for
   * @returns what it gives; throws what it throws
   */
  async oneByOne<T>(work: Promise<T>): Promise<T> {
    const mine = { alone: this.#underWay.size === 0 };
    for (const other of this.#underWay) other.alone = false;
    this.#underWay.add(mine);
    const { historyLength: task } = workflowInfo();
    try {
      return await work;
    } finally {
      // Nothing can come together with the only one, in the task that asked for it.
      if (!mine.alone || workflowInfo().historyLength !== task) await this.#turn();
      this.#underWay.delete(mine);
    }
  }

  /** A condition is looked at when nothing else can go on: whoever waits first goes on first, and alone. */
  async #turn(): Promise<void> {
    const turn = this.#waiting;
    this.#waiting += 1;
    let looked = false;
    await condition(() => {
      const before = looked;
      looked = true;
      return before && turn === this.#taken;
    });
    this.#taken += 1;
  }
}
