/** Times and summaries in histories. */
import type { HistoryEvent } from './saga-runs';

/** @returns epoch milliseconds with a fraction; 0 without a time */
export function msOf(time: HistoryEvent['eventTime']): number {
  return Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;
}

/** @param summary of an attempt: the words of the step, then the number of its items */
export function wordsOf(summary: string): string {
  return summary.replace(/: (one|\d+)$/, '');
}
