import { expect, test } from '@jest/globals';
import { longestPause, pauseAfter } from '../../saga/workflow/pauses';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 1_440 * MINUTE;
const LONGEST = 5 * MINUTE;

const deadline = (afterMs: number) => ({ at: Date.now() + afterMs, afterMs });

test.each([
  [30 * SECOND, SECOND],
  [5 * MINUTE, SECOND],
  [DAY, 288 * SECOND],
  [7 * DAY, LONGEST],
])('a step that has %i ms pauses for at most %i ms', (afterMs, pauseMs) => {
  expect(longestPause([deadline(afterMs)], LONGEST)).toBe(pauseMs);
});

test('the longest deadline counts; without one the longest pause of the saga', () => {
  expect(longestPause([deadline(30 * SECOND), deadline(DAY)], LONGEST)).toBe(288 * SECOND);
  expect(longestPause([], LONGEST)).toBe(LONGEST);
});

test('a pause is twice the previous one, up to the longest', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map((failures) => pauseAfter(failures, SECOND))).toEqual([
    50, 100, 200, 400, 800, 1_000, 1_000,
  ]);
});
