/**
 * The saga's clock, and the only place that reads one: in the workflow sandbox `Date` is the time of the task that runs,
 * taken from the history. Never decide by it what the saga does next: results that come together on a replay carry the
 * later one's time (ADR 18). It may only say how long something may take.
 *
 * @returns milliseconds of the epoch
 */
export function now(): number {
  return Date.now();
}

/** @returns ISO 8601 in UTC with milliseconds */
export function timestamp(atMs = now()): string {
  return new Date(atMs).toISOString();
}
