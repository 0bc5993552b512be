/**
 * Tells when every order of a saga waits for a step or is done: the end of a turn, when the steps that were
 * asked for in it are run. Deterministic, because it only counts.
 */
export class Turn {
  readonly #atEnd: (() => void)[] = [];

  /** @param active orders that run now */
  constructor(private active: number) {}

  /** An order goes on: it has an answer, or has been cancelled while it waited. */
  enter(): void {
    this.active += 1;
  }

  /**
   * An order begins to wait for a step, or is done. It may wait for nothing else: while an order is held up
   * elsewhere, the turn does not end, and its neighbours wait with it.
   */
  leave(): void {
    this.active -= 1;
    if (this.active > 0) return;
    for (const run of this.#atEnd.splice(0)) run();
  }

  /** @param run called once, when this turn ends */
  atEnd(run: () => void): void {
    this.#atEnd.push(run);
  }
}
