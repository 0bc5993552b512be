/**
 * Detects the end of a turn: every subject of the saga waits for a step or has ended. Then the steps requested in the
 * turn run. It only counts, so it is deterministic.
 */
export class Rendezvous {
  readonly #atEnd: (() => void)[] = [];
  readonly #whenQuiet: (() => void)[] = [];
  #active = 0;

  /** Whether no subject is running. Then only an event from outside can resume one. */
  get isQuiet(): boolean {
    return this.#active === 0;
  }

  /** Call when a subject starts or resumes: it got an answer, or its wait was ended. */
  enter(): void {
    this.#active += 1;
  }

  /**
   * Call when a subject begins to wait for a step, or has ended. A subject that waits for anything else without this
   * call keeps the turn open, and all other subjects wait with it.
   */
  leave(): void {
    this.#active -= 1;
    if (this.#active > 0) return;
    for (const run of [...this.#atEnd.splice(0), ...this.#whenQuiet.splice(0)]) run();
  }

  /** @param run called once, when no subject is running; immediately if none is */
  whenQuiet(run: () => void): void {
    if (this.isQuiet) run();
    else this.#whenQuiet.push(run);
  }

  /** @param run called once, when this turn ends */
  atEnd(run: () => void): void {
    this.#atEnd.push(run);
  }
}
