/**
 * The steps of one subject that have come to an end, in order. A saga that continues as new hands it to its next run,
 * whose code gets these answers at once and comes to where it was.
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
   * What an earlier run noted for the step that is asked for now. Where the code has changed meanwhile and asks for
   * another step, what was noted from there on is dropped: steps are idempotent, so they simply run again.
   *
   * @throws CancelRequested, GivenUp as the step did
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

  /** Notes how the wait for a step ended without an answer. */
  noteFailure(activity: string, failure: unknown): void {
    if (failure instanceof CancelRequested) this.note({ activity, cancelled: true });
    if (failure instanceof GivenUp) this.note({ activity, givenUp: failure.givingUp });
  }
}
