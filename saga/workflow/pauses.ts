/** Pauses between two attempts of a step. Computed from counts, not from the clock, so a replay gets the same ones. */
import type { Deadline } from '../contract';
import {
  ATTEMPTS_BEFORE_DEADLINE,
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_BEFORE_DEADLINE_MS,
  PAUSE_GROWTH,
} from './limits';

/**
 * The longest pause of a step.
 *
 * @param deadlines of the subjects that wait; empty for a step that must succeed
 * @param longestMs the saga's longest pause, milliseconds
 * @returns milliseconds
 */
export function longestPause(deadlines: readonly Deadline[], longestMs: number): number {
  const [first] = deadlines;
  if (!first) return longestMs;
  const share = Math.max(...deadlines.map(({ afterMs }) => afterMs)) / ATTEMPTS_BEFORE_DEADLINE;
  return Math.min(Math.max(share, LONGEST_PAUSE_BEFORE_DEADLINE_MS), longestMs);
}

/**
 * The pause after a failed attempt.
 *
 * @param failures consecutive failures, from 1
 * @param longestMs from {@link longestPause}, milliseconds
 * @returns milliseconds
 */
export function pauseAfter(failures: number, longestMs: number): number {
  return Math.min(FIRST_PAUSE_MS * PAUSE_GROWTH ** (failures - 1), longestMs);
}
