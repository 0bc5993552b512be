/** The subjects that wait for a group, in the order of their arrival. */
import type { Submission } from './submission';

/** A subject that waits for a group. */
export interface Waiting<Subject> {
  readonly id: string;
  readonly subject: Subject;
  /** Whether a caller waits for its outcome. */
  readonly isAwaited: boolean;
  /** Time of arrival, milliseconds of the monotonic clock. */
  readonly since: number;
  readonly resolve: (submission: Submission) => void;
  readonly reject: (reason: Error) => void;
}

export class WaitingLine<Subject> {
  #waiting: Waiting<Subject>[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  get first(): Waiting<Subject> | undefined {
    return this.#waiting[0];
  }

  add(waiting: Waiting<Subject>): void {
    this.#waiting.push(waiting);
  }

  /** @returns false when it no longer waits */
  remove(waiting: Waiting<Subject>): boolean {
    const index = this.#waiting.indexOf(waiting);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    return true;
  }

  /** Takes the next group. Of several subjects with the same id it takes the first; the others wait for the next group. */
  takeGroup(max: number): Waiting<Subject>[] {
    const group = new Map<string, Waiting<Subject>>();
    const later: Waiting<Subject>[] = [];
    for (const waiting of this.#waiting) {
      if (group.size < max && !group.has(waiting.id)) group.set(waiting.id, waiting);
      else later.push(waiting);
    }
    this.#waiting = later;
    return [...group.values()];
  }
}
