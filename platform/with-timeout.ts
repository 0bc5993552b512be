/** A bound for one piece of work: a time, and the signal that ends everything. */

/**
 * `AbortSignal.any` would do, but Node 20 keeps each of its signals for as long as the longest-lived of their sources,
 * which here is the process. What this leaves on `signal` is nothing.
 *
 * @param timeoutMs milliseconds
 * @param work its signal is aborted when the time is over or at `signal`, and, for what it may have left running, at its end
 */
export async function withTimeoutSignal<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (over: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const end = (): void => {
    over.abort(signal?.reason);
  };
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end);
  const timer = setTimeout(() => {
    over.abort(new DOMException(`not in ${String(timeoutMs)} ms`, 'TimeoutError'));
  }, timeoutMs);
  try {
    return await work(over.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
    over.abort();
  }
}
