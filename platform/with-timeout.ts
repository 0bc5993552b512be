/** Limits one operation by a timeout and by a signal of its caller. */

/**
 * Not `AbortSignal.any`: Node 20 retains each combined signal as long as its longest-lived source, here the process.
 * This function leaves no listener on `signal`.
 *
 * @param timeoutMs milliseconds
 * @param work gets a signal that aborts after the timeout, with `signal`, and when the work ends
 */
export async function withTimeoutSignal<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (bounded: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort(signal?.reason);
  };
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`not in ${String(timeoutMs)} ms`, 'TimeoutError'));
  }, timeoutMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    controller.abort();
  }
}
