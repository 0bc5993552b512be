/** Wakes who waits for something new. A ring between looking and waiting is not missed: rings are counted. */
export class Bell {
  #rings = 0;
  readonly #waiting = new Set<() => void>();

  /** Read it before looking; pass it to {@link heard} when there was nothing. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /**
   * Resolves at the first ring after `seen`, or when the time is over, or at the signal.
   *
   * @param timeoutMs milliseconds
   */
  heard(seen: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#rings !== seen || timeoutMs <= 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }
}
