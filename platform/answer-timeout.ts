/** How long a caller waits for the answer of one of our services. */

/** 5 s: the timeout of a statement, after which the service answers with a problem. */
const READ_MS = 5_000;

/**
 * Longer than the service takes: it reads, waits as long as `Prefer` asks it to, and reads again.
 *
 * @param waitMs the wait that the request prefers, milliseconds
 */
export function answerTimeoutMs(waitMs: number): number {
  return waitMs > 0 ? READ_MS + waitMs + READ_MS : READ_MS;
}
