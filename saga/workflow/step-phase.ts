/**
 * The phases of a step's queue:
 *
 *     idle ──→ pausing ──→ attempting ──→ idle        every subject has an answer
 *                 ↑            │
 *                 └────────────┘                      a subject has none: the next pause is longer
 */
type Phase = 'idle' | 'pausing' | 'attempting';

function mayFollow(phase: Phase, next: Phase): boolean {
  switch (phase) {
    case 'idle':
      return next === 'pausing';
    case 'pausing':
      return next === 'attempting' || next === 'idle';
    case 'attempting': // also from itself: for new subjects, or an operator's retry, while the server pauses
      return true;
  }
}

export class StepPhase {
  #phase: Phase = 'idle';
  #generation = 0;

  /** @param words the step in words, for the error message */
  constructor(private readonly words: string) {}

  is(phase: Phase): boolean {
    return this.#phase === phase;
  }

  /** @throws Error when the transition is not allowed: a bug */
  to(phase: Phase): void {
    if (!mayFollow(this.#phase, phase))
      throw new Error(`${this.words}: it cannot become ${phase} while it is ${this.#phase}`);
    this.#phase = phase;
  }

  /**
   * Begins a pause or a round.
   *
   * @returns its number, for {@link isCurrent}
   */
  next(): number {
    this.#generation += 1;
    return this.#generation;
  }

  /** Whether this pause or round is the latest. The end of an earlier one must not drive the queue. */
  isCurrent(generation: number): boolean {
    return this.#generation === generation;
  }
}
