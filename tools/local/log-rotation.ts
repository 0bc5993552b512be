/**
 * Bounds the logs of a start. The servers write to files that they have open, so a log that is full is copied, and then
 * emptied: each writer appends. The few lines that come in between are lost.
 */
import { copyFileSync, readdirSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';

export const LOG_LIMITS = {
  /** 10 MB, and as much of the copy: some days of a busy system, and a size that an editor opens. */
  bytes: 10_000_000,
  /** 10 s: at 1 MB a second, far more than the services log, a log is at most twice its size. */
  checkEveryMs: 10_000,
};

/** The log before: of each log one copy is kept. */
export const previousLog = (file: string): string => `${file}.1`;

/** @returns ends the rotation */
export function rotateLogs(folder: string, { bytes, checkEveryMs } = LOG_LIMITS): () => void {
  rotateFull(folder, bytes);
  const timer = setInterval(rotateFull, checkEveryMs, folder, bytes);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

function rotateFull(folder: string, bytes: number): void {
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    if (!name.endsWith('.log')) continue;
    try {
      if (statSync(file).size < bytes) continue;
      copyFileSync(file, previousLog(file));
      truncateSync(file);
    } catch {
      // A full disk, or another user's file: the next check tries again.
    }
  }
}
