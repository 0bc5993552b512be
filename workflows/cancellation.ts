/**
 * The wish to cancel one order. Not a cancellation scope, though it does what one does: a scope for each
 * order and step costs a dozen promises, and promises are what a group's time goes into (ADR 8).
 */
export class Cancellation {
  #requested = false;
  #waiting: (() => void) | undefined;

  get requested(): boolean {
    return this.#requested;
  }

  request(): void {
    this.#requested = true;
    this.#waiting?.();
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
