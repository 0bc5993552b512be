/** How long a step pauses between two attempts. Counted, not measured: the same on a replay. */
import type { Deadline } from '../contract';
import {
  ATTEMPTS_BEFORE_DEADLINE,
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_BEFORE_DEADLINE_MS,
  PAUSE_GROWTH,
} from './limits';

/**
 * @param deadlines of those that wait; none for a step that must succeed
 * @param longestMs of the saga
 * @returns milliseconds
 */
export function longestPause(deadlines: readonly Deadline[], longestMs: number): number {
  const [first] = deadlines;
  if (!first) return longestMs;
  const share = Math.max(...deadlines.map(({ afterMs }) => afterMs)) / ATTEMPTS_BEFORE_DEADLINE;
  return Math.min(Math.max(share, LONGEST_PAUSE_BEFORE_DEADLINE_MS), longestMs);
}

/**
 * @param failures in a row, from 1
 * @returns milliseconds
 */
export function pauseAfter(failures: number, longestMs: number): number {
  return Math.min(FIRST_PAUSE_MS * PAUSE_GROWTH ** (failures - 1), longestMs);
}
