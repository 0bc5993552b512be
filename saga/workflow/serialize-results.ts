/**
 * Takes the results of local activities one by one, each after everything that came before it has run.
 *
 * Live, the engine hands a result over as soon as the activity is done. When another worker replays the history, it
 * hands results over as soon as the code has asked for them: two that came one after the other come together, or a
 * result comes together with the event that began its task. Code that resumes with both at once would ask for its next
 * steps in another order than it did, and the saga could not be replayed (ADR 17).
 */
import { condition, workflowInfo } from '@temporalio/workflow';

interface UnderWay {
  /** Whether no other was under way at any time. */
  alone: boolean;
}

export class SerializedResults {
  readonly #underWay = new Set<UnderWay>();
  #waiting = 0;
  #taken = 0;

  /**
   * @param work a local activity that has just been scheduled
   * @returns its result; throws what it throws
   */
  async oneByOne<T>(work: Promise<T>): Promise<T> {
    const mine = { alone: this.#underWay.size === 0 };
    for (const other of this.#underWay) other.alone = false;
    this.#underWay.add(mine);
    const { historyLength: task } = workflowInfo();
    try {
      return await work;
    } finally {
      // Nothing can come together with the only one, in the task that scheduled it.
      if (!mine.alone || workflowInfo().historyLength !== task) await this.#turn();
      this.#underWay.delete(mine);
    }
  }

  /** The SDK evaluates conditions when no promise can proceed: the first that waits proceeds first, and alone. */
  async #turn(): Promise<void> {
    const turn = this.#waiting;
    this.#waiting += 1;
    let evaluated = false;
    await condition(() => {
      const before = evaluated;
      evaluated = true;
      return before && turn === this.#taken;
    });
    this.#taken += 1;
  }
}
