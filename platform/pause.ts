/** A pause of a loop that a signal ends. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after the time, or early on the signal: the loop then sees it. Does nothing when no time is left. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Rejects only on the signal.
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}
