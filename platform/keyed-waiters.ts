/**
 * Collects the notices about one key from its creation until `close`. A notice without a waiter is dropped, so the
 * waiters bound the memory.
 */
export interface Expectation<T> {
  /**
   * @param timeoutMs milliseconds; 0 checks only the notices that have arrived
   * @returns the first notice that fits, including earlier ones, or undefined after the timeout
   */
  next<Fit extends T>(fits: (notice: T) => notice is Fit, timeoutMs: number): Promise<Fit | undefined>;
  /** Stops collecting; call it in a `finally`. */
  close(): void;
}

export class KeyedWaiters<T extends object> {
  readonly #receivers = new Map<string, Set<(notice: T) => void>>();

  /** Starts to collect the notices about `key`. */
  expect(key: string): Expectation<T> {
    const received: T[] = [];
    const listeners = new Set<() => void>();
    const receive = (notice: T): void => {
      received.push(notice);
      for (const listener of listeners) listener();
    };
    const receivers = this.#receivers.get(key) ?? new Set();
    this.#receivers.set(key, receivers.add(receive));
    return {
      next: (fits, timeoutMs) => firstFit(received, listeners, fits, timeoutMs),
      close: () => {
        receivers.delete(receive);
        if (receivers.size === 0 && this.#receivers.get(key) === receivers) this.#receivers.delete(key);
      },
    };
  }

  publish(key: string, notice: T): void {
    for (const receive of this.#receivers.get(key) ?? []) receive(notice);
  }
}

function firstFit<T, Fit extends T>(
  received: readonly T[],
  listeners: Set<() => void>,
  fits: (notice: T) => notice is Fit,
  timeoutMs: number,
): Promise<Fit | undefined> {
  const arrived = received.find(fits);
  if (arrived || timeoutMs <= 0) return Promise.resolve(arrived);
  return new Promise((resolve) => {
    const end = (fit: Fit | undefined): void => {
      clearTimeout(timer);
      listeners.delete(check);
      resolve(fit);
    };
    const check = (): void => {
      const fit = received.find(fits);
      if (fit) end(fit);
    };
    const timer = setTimeout(end, timeoutMs, undefined);
    listeners.add(check);
  });
}
