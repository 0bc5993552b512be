/**
 * Serializes the results of local activities: each is passed on after the effects of all earlier ones have run.
 *
 * Live, the SDK resolves a local activity when it is done. On a replay it resolves the activity as soon as the code has
 * requested it. So results that came one after the other come together, or a result comes together with the event that
 * began its task. Code that resumes with both at once may request its next steps in another order than it did live, and
 * then the saga does not replay (ADR 17).
 */
import { condition, workflowInfo } from '@temporalio/workflow';

interface UnderWay {
  /** Whether no other local activity was under way at any time. */
  alone: boolean;
}

export class SerializedResults {
  readonly #underWay = new Set<UnderWay>();
  #waiting = 0;
  #taken = 0;

  /**
   * @param work a local activity that has just been scheduled
   * @returns its result; rejects with its failure
   */
  async oneByOne<T>(work: Promise<T>): Promise<T> {
    const mine = { alone: this.#underWay.size === 0 };
    for (const other of this.#underWay) other.alone = false;
    this.#underWay.add(mine);
    const { historyLength: task } = workflowInfo();
    try {
      return await work;
    } finally {
      // In the task that scheduled it, nothing can come together with the only activity.
      if (!mine.alone || workflowInfo().historyLength !== task) await this.#turn();
      this.#underWay.delete(mine);
    }
  }

  /** The SDK evaluates conditions when no promise can proceed. So waiting results proceed one at a time, in order. */
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
