/**
 * Time limits for calls to Temporal. The SDK offers none that can be relied on: its native connection ignores abort
 * signals, and a deadline reaches the server, which then ends a long poll early.
 */

/** No answer came in time. Whether the work was done is unknown. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/**
 * Limits the time to wait for a call. The call itself continues, because nothing can end it; its late result or failure is
 * dropped.
 *
 * @param ms milliseconds
 * @param what names the work in the error message
 * @throws TimedOut when the work takes longer than `ms`
 * @example
 * const { status } = await withTimeout(handle.describe(), 5_000, `description of ${handle.workflowId}`);
 */
export function withTimeout<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new TimedOut(`${what}: no answer in ${String(ms)} ms`));
    }, ms);
  });
  // The race handles rejections of both promises, also of one that rejects after the race is over.
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}

/** Like {@link withTimeout}, but resolves to undefined when the work takes longer than `ms`. */
export async function unlessLate<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  try {
    return await withTimeout(work, ms, 'work');
  } catch (error) {
    if (error instanceof TimedOut) return undefined;
    throw error;
  }
}

/**
 * Iterates over a list that comes in pages, with a time limit for each page.
 *
 * @param ms milliseconds
 * @param what names the list in the error message
 * @throws TimedOut when a page takes longer than `ms`
 */
export async function* eachWithTimeout<T>(
  items: AsyncIterable<T>,
  ms: number,
  what: string,
): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  for (;;) {
    const next = await withTimeout(iterator.next(), ms, what);
    if (next.done === true) return;
    yield next.value;
  }
}
