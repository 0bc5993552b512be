import { expect, test } from '@jest/globals';
import { RetryAfter } from '../../api/http/retry-after';

/** @returns the `Retry-After` of each of `crowd` requests that are rejected in the second from `from`, milliseconds */
function retryAfters(retryAfter: RetryAfter, from: number, crowd: number): number[] {
  return Array.from({ length: crowd }, (_, index) => retryAfter.seconds(from + (900 * index) / crowd));
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

test('few rejected requests get up to 3 s, many get more, none more than 30 s; later requests start anew', () => {
  const retryAfter = new RetryAfter();
  for (const seconds of retryAfters(retryAfter, 10_000, 9)) expect([1, 2, 3]).toContain(seconds);

  retryAfters(retryAfter, 20_000, 1_000);
  const crowd = retryAfters(retryAfter, 21_000, 1_000);
  expect(Math.max(...crowd)).toBeLessThanOrEqual(30);
  expect(Math.min(...crowd)).toBeGreaterThanOrEqual(1);
  expect(mean(crowd)).toBeGreaterThan(10);

  // The rejections of the second before still count.
  expect(mean(retryAfters(retryAfter, 22_000, 100))).toBeGreaterThan(10);
  for (const seconds of retryAfters(retryAfter, 30_000, 9)) expect([1, 2, 3]).toContain(seconds);
});
