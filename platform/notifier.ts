/** Wakes waiters when new data exists. It counts notifications, so none is missed between the check and the wait. */
export class Notifier {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  /** Read it before the check; pass it to {@link wait} when the check finds nothing. */
  get count(): number {
    return this.#count;
  }

  notify(): void {
    this.#count += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /**
   * Resolves at the first notification after `seen`, after the timeout, or on abort.
   *
   * @param timeoutMs milliseconds
   */
  wait(seen: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#count !== seen || timeoutMs <= 0 || signal?.aborted) return Promise.resolve();
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
