/** Subjects that wait for a group, in the order in which they came. */
import type { Submission } from './submission';

export interface Waiting<Subject> {
  readonly id: string;
  readonly subject: Subject;
  /** Milliseconds of the monotonic clock. */
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

  /** @returns false when it does not wait any more */
  remove(waiting: Waiting<Subject>): boolean {
    const index = this.#waiting.indexOf(waiting);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    return true;
  }

  /** Takes the next ones; of several with one id only the first, the others wait for the next group. */
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
