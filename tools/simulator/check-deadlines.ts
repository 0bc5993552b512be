/** The deadlines of the credit checks of one saga, as its recorded timers say. */
import type { StepWait } from './step-wait';

export class CheckDeadlines {
  /** Timers that run until a deadline: when they are due. */
  readonly #timers = new Map<number, number>();
  /** Of a credit check that has failed: its order's deadline. */
  readonly #due = new Map<string, number>();

  timerRuns(seq: number, due: number): void {
    this.#timers.set(seq, due);
  }

  timerEnds(seq: number): void {
    this.#timers.delete(seq);
  }

  /** @returns when the timer is due; undefined for one that waits for something else */
  dueOf(seq: number): number | undefined {
    return this.#timers.get(seq);
  }

  isOver(orderId: string, at: number): boolean {
    return (this.#due.get(orderId) ?? Infinity) <= at;
  }

  get timers(): ReadonlySet<number> {
    return new Set(this.#timers.keys());
  }

  /** @param known timers that ran before: the others are for the orders whose check has just failed */
  note(failing: Iterable<string>, known: ReadonlySet<number>): void {
    const dues = [...this.#timers].flatMap(([seq, due]) => (known.has(seq) ? [] : [due]));
    if (dues.length === 0) return;
    for (const orderId of failing) if (!this.#due.has(orderId)) this.#due.set(orderId, Math.max(...dues));
  }

  newRun(): void {
    this.#timers.clear();
  }

  forget(): void {
    this.#due.clear();
  }

  /** @returns which credit checks have no timer any more that ends them in time, in words */
  postponed({ failing, perhaps }: Pick<StepWait, 'failing' | 'perhaps'>, now: number): string[] {
    return [...failing].flatMap((orderId) => {
      const due = this.#due.get(orderId);
      if (perhaps.has(orderId) || due === undefined) return [];
      const isWatched = [...this.#timers.values()].some((at) => at <= Math.max(due, now) + 1);
      return isWatched ? [] : [`no timer is left for the deadline of ${orderId}`];
    });
  }
}
