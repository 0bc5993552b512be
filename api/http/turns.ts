/** Lets readers continue in turns: a burst of thousands would block the event loop, and orders with it. */
import { performance } from 'node:perf_hooks';

export interface Pace {
  /** That continue within `everyMs`. */
  readonly readers: number;
  /** The same while the event loop is busy. At least one, so that readers always go on. */
  readonly busyReaders: number;
  readonly everyMs: number;
}

/** Half of the time: an order waits for the event loop about ten times, each time for what else it does. */
const BUSY = 0.5;

export class Turns {
  readonly #waiting = new Set<() => void>();
  #left: number;
  #timer: NodeJS.Timeout | undefined;
  #usage = performance.eventLoopUtilization();

  constructor(private readonly pace: Pace) {
    this.#left = pace.readers;
  }

  /** Resolves when it is the caller's turn: at once while there are few, otherwise in the order of arrival; or on abort. */
  next(signal?: AbortSignal): Promise<void> {
    // Waiting readers do not keep the process alive.
    this.#timer ??= setInterval(() => {
      this.#release();
    }, this.pace.everyMs).unref();
    if (this.#left > 0) {
      this.#left -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go);
        signal?.removeEventListener('abort', go);
        resolve();
      };
      this.#waiting.add(go);
      signal?.addEventListener('abort', go);
      if (signal?.aborted) go();
    });
  }

  #release(): void {
    if (this.#waiting.size === 0 && this.#left === this.pace.readers) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const { utilization } = performance.eventLoopUtilization(this.#usage);
    this.#usage = performance.eventLoopUtilization();
    this.#left = utilization > BUSY ? this.pace.busyReaders : this.pace.readers;
    for (const go of this.#waiting) {
      if (this.#left === 0) return;
      this.#left -= 1;
      go();
    }
  }
}
