/** How many events each saga's histories get in a day. */
import type { SagaRun } from './saga-run';

const DAY_MS = 86_400_000;

export class EventsByDay {
  readonly #seen = new Map<string, number>();
  readonly #days = new Map<string, number>();

  /** @param at milliseconds after the start */
  note({ sagaId, events }: SagaRun, at: number): void {
    const more = events - (this.#seen.get(sagaId) ?? 0);
    if (more === 0) return;
    this.#seen.set(sagaId, events);
    const day = `${sagaId} ${String(Math.floor(at / DAY_MS))}`;
    this.#days.set(day, (this.#days.get(day) ?? 0) + more);
  }

  /** Of one saga. */
  get mostInADay(): number {
    return Math.max(...this.#days.values());
  }
}
