/**
 * The wish to cancel one order. Not a cancellation scope, though it does what one does: a scope for each
 * order and step costs a dozen promises, and promises are what a group's time goes into (ADR 8).
 */
export class Cancellation {
  #requested = false;
  #key: string | undefined;
  #tooLate = false;
  #waiting: (() => void) | undefined;

  get requested(): boolean {
    return this.#requested;
  }

  /** Of the request that came first. */
  get key(): string | undefined {
    return this.#key;
  }

  /** Whether this saga has decided about the order; then it is `cancelOrderSaga` that cancels it. */
  get tooLate(): boolean {
    return this.#tooLate;
  }

  request(key?: string): void {
    if (this.#requested) return;
    this.#requested = true;
    this.#key = key;
    this.#waiting?.();
  }

  /** From now on the order cannot be cancelled by this saga. */
  close(): void {
    this.#tooLate = true;
  }

  /** @param listener told when the order is cancelled from now on; an order waits for one step at a time */
  onRequest(listener: () => void): void {
    this.#waiting = listener;
  }
}

/** The order was cancelled while it waited; whether its step has committed is unknown. */
export class CancellationRequested extends Error {
  override readonly name = 'CancellationRequested';
}
