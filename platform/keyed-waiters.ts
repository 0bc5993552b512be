/**
 * A notice board inside one process: whoever expects something about a key hears what is published about
 * it from then on. What nobody expects is forgotten at once, so its memory is bounded by the waiters.
 */
export interface Expectation<T> {
  /**
   * The first notice since the expectation began that fits, or undefined when none came in time.
   *
   * @param timeoutMs how long to wait, milliseconds; 0 looks at what has come already
   */
  next<Fit extends T>(fits: (notice: T) => notice is Fit, timeoutMs: number): Promise<Fit | undefined>;
  /** Forgets the expectation; call it in a `finally`. */
  close(): void;
}

export class KeyedWaiters<T extends object> {
  readonly #expected = new Map<string, Set<(notice: T) => void>>();

  /** Begins to collect the notices about `key`. */
  expect(key: string): Expectation<T> {
    const heard: T[] = [];
    const listeners = new Set<() => void>();
    const hear = (notice: T): void => {
      heard.push(notice);
      for (const listener of listeners) listener();
    };
    const hearers = this.#expected.get(key) ?? new Set();
    this.#expected.set(key, hearers.add(hear));
    return {
      next: (fits, timeoutMs) => firstFit(heard, listeners, fits, timeoutMs),
      close: () => {
        hearers.delete(hear);
        if (hearers.size === 0 && this.#expected.get(key) === hearers) this.#expected.delete(key);
      },
    };
  }

  publish(key: string, notice: T): void {
    for (const hear of this.#expected.get(key) ?? []) hear(notice);
  }
}

function firstFit<T, Fit extends T>(
  heard: readonly T[],
  listeners: Set<() => void>,
  fits: (notice: T) => notice is Fit,
  timeoutMs: number,
): Promise<Fit | undefined> {
  const already = heard.find(fits);
  if (already || timeoutMs <= 0) return Promise.resolve(already);
  return new Promise((resolve) => {
    const end = (fit: Fit | undefined): void => {
      clearTimeout(timer);
      listeners.delete(look);
      resolve(fit);
    };
    const look = (): void => {
      const fit = heard.find(fits);
      if (fit) end(fit);
    };
    const timer = setTimeout(end, timeoutMs, undefined);
    listeners.add(look);
  });
}
