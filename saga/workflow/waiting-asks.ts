/** The subjects of a step that have no answer yet and wait for its next attempt. */
import type { Ask } from './ask';
import { watchDeadlines } from './deadlines';
import type { EventCount } from './event-count';
import { longestPause } from './pauses';
import type { StepAnswer } from './step';

export class WaitingAsks<Item extends object, Answer extends StepAnswer> {
  #asks: readonly Ask<Item, Answer>[] = [];

  /** @param words the step in words, for the timers' summaries */
  constructor(
    private readonly history: EventCount,
    private readonly words: string,
  ) {}

  /** Those without an answer. */
  get all(): readonly Ask<Item, Answer>[] {
    return this.#asks.filter(({ waits }) => waits);
  }

  isEmpty(): boolean {
    return this.all.length === 0;
  }

  /** Ids of the subjects. */
  get subjects(): readonly string[] {
    return this.all.map(({ subject }) => subject);
  }

  /** Whether a subject waits without a deadline. */
  get mustSucceed(): boolean {
    return this.all.some(({ deadline }) => deadline === undefined);
  }

  /** When the first of them began to wait, epoch milliseconds. */
  get since(): number {
    return Math.min(...this.all.map(({ since }) => since));
  }

  /** Adds subjects, and ends their waits at their deadlines. */
  join(asks: readonly Ask<Item, Answer>[]): void {
    this.#asks = [...this.all, ...asks];
    watchDeadlines(asks, this.history, this.words);
  }
}

/** @returns the longest pause between two attempts for these subjects, milliseconds */
export function longestPauseOf<Item, Answer>(asks: readonly Ask<Item, Answer>[], longestMs: number): number {
  return longestPause(
    asks.flatMap(({ deadline }) => deadline ?? []),
    longestMs,
  );
}
