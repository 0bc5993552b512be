/** Timers that only a test moves, while servers answer in real time. */
import { jest } from '@jest/globals';

/** Promises, streams and sockets run as ever. */
const REAL = ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'hrtime'] as const;

export function useFakeTimers(): void {
  jest.useFakeTimers({ doNotFake: [...REAL] });
}

/** Moves the clock, and lets what waited for it run. */
export async function advance(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
}
