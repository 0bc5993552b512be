/**
 * The steps of one subject that have ended, in order. A saga that continues as new passes it to its next run. There the
 * code gets these answers at once, and so returns to the same place.
 */
import type { JournalEntry } from '../contract';
import { CancelRequested, GivenUp } from './failures';

export class Journal {
  readonly #entries: JournalEntry[];
  #next = 0;

  constructor(entries: readonly JournalEntry[] = []) {
    this.#entries = [...entries];
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /**
   * Returns the entry of an earlier run for the step that the code requests now. When changed code requests another
   * step, this and all later entries are dropped: steps are idempotent, so they run again.
   *
   * @throws CancelRequested, GivenUp when the wait for the step ended so
   */
  recall(activity: string): Pick<JournalEntry, 'answer'> | undefined {
    const entry = this.#entries[this.#next];
    if (entry?.activity !== activity) {
      this.#entries.length = this.#next;
      return undefined;
    }
    this.#next += 1;
    if (entry.cancelled) throw new CancelRequested('cancelled while it waited');
    if (entry.givenUp) throw new GivenUp(entry.givenUp);
    return entry;
  }

  note(entry: JournalEntry): void {
    this.#entries.push(entry);
    this.#next = this.#entries.length;
  }

  /** Notes that the wait for a step ended without an answer. */
  noteFailure(activity: string, failure: unknown): void {
    if (failure instanceof CancelRequested) this.note({ activity, cancelled: true });
    if (failure instanceof GivenUp) this.note({ activity, givenUp: failure.givingUp });
  }
}
