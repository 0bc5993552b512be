/**
 * Collects the notices about one key from its creation until `close`. A notice without a waiter is dropped, so the
 * waiters bound the memory.
 */
export interface Expectation<T> {
  /**
   * @param timeoutMs milliseconds; 0 checks only the notices that have arrived
   * @param signal ends the wait
   * @returns the first notice that fits, including earlier ones, or undefined after the timeout
   * @throws the reason of the signal
   */
  next<Fit extends T>(
    fits: (notice: T) => notice is Fit,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Fit | undefined>;
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
      next: async (fits, timeoutMs, signal) => {
        const fit = await firstFit({ received, listeners, fits, timeoutMs, signal });
        signal?.throwIfAborted();
        return fit;
      },
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

interface Wait<T, Fit extends T> {
  readonly received: readonly T[];
  readonly listeners: Set<() => void>;
  readonly fits: (notice: T) => notice is Fit;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Also resolves, without a notice, when the signal aborts. */
function firstFit<T, Fit extends T>({
  received,
  listeners,
  fits,
  timeoutMs,
  signal,
}: Wait<T, Fit>): Promise<Fit | undefined> {
  const arrived = received.find(fits);
  if (arrived || timeoutMs <= 0 || signal?.aborted) return Promise.resolve(arrived);
  return new Promise((resolve) => {
    const end = (fit: Fit | undefined): void => {
      clearTimeout(timer);
      listeners.delete(check);
      signal?.removeEventListener('abort', abort);
      resolve(fit);
    };
    const abort = (): void => {
      end(undefined);
    };
    const check = (): void => {
      const fit = received.find(fits);
      if (fit) end(fit);
    };
    const timer = setTimeout(end, timeoutMs, undefined);
    listeners.add(check);
    signal?.addEventListener('abort', abort);
  });
}
