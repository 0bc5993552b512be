/** Waits for a condition by polling. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Polling {
  readonly everyMs: number;
  /** Default: without end. */
  readonly withinMs?: number;
}

/** @returns whether the condition held in time */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { everyMs, withinMs = Infinity }: Polling,
): Promise<boolean> {
  for (const deadline = performance.now() + withinMs; !(await holds());) {
    if (performance.now() > deadline) return false;
    await sleep(everyMs);
  }
  return true;
}
