/**
 * The saga's clock, and the only place that reads one: in the workflow sandbox `Date` is the time of the task
 * that runs, taken from the history, so it is the same whenever the history is replayed.
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
