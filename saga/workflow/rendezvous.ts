/**
 * Notices when every subject of a saga waits for a step or has ended: the end of a turn, when the steps that were asked
 * for in it run. Deterministic, because it only counts.
 */
export class Rendezvous {
  readonly #atEnd: (() => void)[] = [];
  readonly #whenQuiet: (() => void)[] = [];
  #active = 0;

  /** Whether nobody runs: what happens next comes from outside. */
  get isQuiet(): boolean {
    return this.#active === 0;
  }

  /** A subject resumes: it has an answer, or its wait was ended. */
  enter(): void {
    this.#active += 1;
  }

  /**
   * A subject begins to wait for a step, or has ended. It may wait for nothing else: while one is held up elsewhere,
   * the turn does not end, and the others wait with it.
   */
  leave(): void {
    this.#active -= 1;
    if (this.#active > 0) return;
    for (const run of [...this.#atEnd.splice(0), ...this.#whenQuiet.splice(0)]) run();
  }

  /** @param run called once, when every subject waits for its step or has ended: at once, when that is so */
  whenQuiet(run: () => void): void {
    if (this.isQuiet) run();
    else this.#whenQuiet.push(run);
  }

  /** @param run called once, when this turn ends */
  atEnd(run: () => void): void {
    this.#atEnd.push(run);
  }
}
