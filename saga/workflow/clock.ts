/**
 * The saga's clock; nothing else in the engine reads one. In the workflow sandbox `Date` is the time of the current
 * workflow task, from the history. Use it only to compute how long something may take. Never branch on it: on a replay,
 * results that come together carry the time of the later one (ADR 17).
 *
 * @returns epoch milliseconds
 */
export function now(): number {
  return Date.now();
}

/** @returns ISO 8601 in UTC with milliseconds */
export function timestamp(atMs = now()): string {
  return new Date(atMs).toISOString();
}
