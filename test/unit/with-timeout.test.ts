/** Time limits: a late answer has no effect. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { eachWithTimeout, TimedOut, withTimeout } from '../../saga/host/with-timeout';

const LIMIT_MS = 1_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('an answer or a failure in time is passed on, and no timer is left', async () => {
  expect(await withTimeout(Promise.resolve(7), LIMIT_MS, 'a call')).toBe(7);
  await expect(withTimeout(Promise.reject(new Error('no')), LIMIT_MS, 'a call')).rejects.toThrow('no');
  expect(jest.getTimerCount()).toBe(0);
});

test('work that never ends times out; its late failure is handled', async () => {
  let fail: (reason: Error) => void = () => undefined;
  const work = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const limited = withTimeout(work, LIMIT_MS, 'start of order-1');
  const outcome = expect(limited).rejects.toThrow(new TimedOut('start of order-1: no answer in 1000 ms'));
  await jest.advanceTimersByTimeAsync(LIMIT_MS);
  await outcome;
  const unhandled = jest.fn();
  process.once('unhandledRejection', unhandled);
  fail(new Error('late'));
  jest.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test('each page of a list has its own timeout', async () => {
  async function* pages() {
    for (const page of [1, 2]) {
      await new Promise((resolve) => setTimeout(resolve, LIMIT_MS - 1));
      yield page;
    }
    await new Promise(() => undefined);
  }
  const seen: number[] = [];
  const read = (async () => {
    for await (const page of eachWithTimeout(pages(), LIMIT_MS, 'a list')) seen.push(page);
  })();
  const outcome = expect(read).rejects.toBeInstanceOf(TimedOut);
  await jest.advanceTimersByTimeAsync(3 * LIMIT_MS);
  await outcome;
  expect(seen).toEqual([1, 2]);
});
