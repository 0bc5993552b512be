/**
 * Our own time limits for calls to Temporal. The SDK's native connection ignores abort signals, and its deadlines reach
 * the server, which answers a long poll early because of them.
 */

/** No answer came in time; whether the work was done is unknown. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/**
 * A late answer is dropped, and a late failure too. The call itself goes on: nothing can end it.
 *
 * @param what names the work in the message of the failure
 * @throws TimedOut when the work takes longer than `ms` milliseconds
 */
export function withTimeout<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new TimedOut(`${what}: no answer in ${String(ms)} ms`));
    }, ms);
  });
  // The race handles the failure of each of its promises, also of one that fails after it is over.
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}

/**
 * The items of a list that comes in pages, each page within its time.
 *
 * @throws TimedOut when an item takes longer than `ms` milliseconds
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
