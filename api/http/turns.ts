/** Lets waiting readers continue in turns: a burst of thousands would block the event loop, and orders with it. */
interface Pace {
  /** That continue within `everyMs`. */
  readonly readers: number;
  readonly everyMs: number;
}

export class Turns {
  readonly #waiting = new Set<() => void>();
  #left: number;
  #timer: NodeJS.Timeout | undefined;

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
    if (this.#left === this.pace.readers) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#left = this.pace.readers;
    for (const go of this.#waiting) {
      if (this.#left === 0) return;
      this.#left -= 1;
      go();
    }
  }
}
