/**
 * One direction of a connection. It keeps the order of the pieces, and passes them at once, delayed, or when
 * released.
 */
import type net from 'node:net';

export class DelayedPipe {
  readonly #waiting: { readonly piece: Buffer; readonly dueAt: number }[] = [];
  #held = false;
  #ending = false;
  /** Whether a flush is scheduled. */
  #flushScheduled = false;

  constructor(
    private readonly to: net.Socket,
    /** Delay of a piece that arrives now, milliseconds. */
    private readonly delayMs: () => number,
  ) {}

  /** @returns whether the piece has to wait */
  pass(piece: Buffer): boolean {
    const delayMs = this.delayMs();
    const waits = this.#held || delayMs > 0 || this.#waiting.length > 0;
    if (waits) this.#waiting.push({ piece, dueAt: performance.now() + delayMs });
    else this.#write(piece);
    this.#flush();
    return waits;
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#flush();
  }

  /** Closes the socket when all waiting pieces have passed. */
  end(): void {
    this.#ending = true;
    this.#flush();
  }

  #flush(): void {
    if (this.#held) return;
    for (let [first] = this.#waiting; first; [first] = this.#waiting) {
      const leftMs = first.dueAt - performance.now();
      if (leftMs > 0) {
        if (!this.#flushScheduled) setTimeout(() => this.#onTime(), leftMs);
        this.#flushScheduled = true;
        return;
      }
      this.#waiting.shift();
      this.#write(first.piece);
    }
    if (this.#ending) this.to.end();
  }

  #onTime(): void {
    this.#flushScheduled = false;
    this.#flush();
  }

  #write(piece: Buffer): void {
    if (!this.to.destroyed) this.to.write(piece);
  }
}
