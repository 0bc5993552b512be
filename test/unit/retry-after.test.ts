import { expect, test } from '@jest/globals';
import { RetryAfter } from '../../api/http/retry-after';

/** @returns what so many are told who are refused in the second that begins at `from`, milliseconds */
function told(retryAfter: RetryAfter, from: number, crowd: number): number[] {
  return Array.from({ length: crowd }, (_, index) => retryAfter.seconds(from + (900 * index) / crowd));
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

test('few rejected requests get up to 3 s, many get more, none more than 30 s; later requests start anew', () => {
  const retryAfter = new RetryAfter();
  for (const seconds of told(retryAfter, 10_000, 9)) expect([1, 2, 3]).toContain(seconds);

  told(retryAfter, 20_000, 1_000);
  const crowd = told(retryAfter, 21_000, 1_000);
  expect(Math.max(...crowd)).toBeLessThanOrEqual(30);
  expect(Math.min(...crowd)).toBeGreaterThanOrEqual(1);
  expect(mean(crowd)).toBeGreaterThan(10);

  // The crowd was refused in the second before this one, and is remembered for it.
  expect(mean(told(retryAfter, 22_000, 100))).toBeGreaterThan(10);
  for (const seconds of told(retryAfter, 30_000, 9)) expect([1, 2, 3]).toContain(seconds);
});
