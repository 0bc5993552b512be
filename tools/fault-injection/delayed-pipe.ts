/** One direction of a connection: what comes leaves in the same order, at once, later, or when it is let go. */
import type net from 'node:net';

export class DelayedPipe {
  readonly #waiting: { readonly piece: Buffer; readonly dueAt: number }[] = [];
  #held = false;
  #ending = false;
  /** Whether it looks again by itself. */
  #timed = false;

  constructor(
    private readonly to: net.Socket,
    /** How long a piece that comes now takes longer, milliseconds. */
    private readonly delayMs: () => number,
  ) {}

  /** @returns whether it has to wait */
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

  /** Closes, when all that waits has left. */
  end(): void {
    this.#ending = true;
    this.#flush();
  }

  #flush(): void {
    if (this.#held) return;
    for (let [first] = this.#waiting; first; [first] = this.#waiting) {
      const leftMs = first.dueAt - performance.now();
      if (leftMs > 0) {
        if (!this.#timed) setTimeout(() => this.#onTime(), leftMs);
        this.#timed = true;
        return;
      }
      this.#waiting.shift();
      this.#write(first.piece);
    }
    if (this.#ending) this.to.end();
  }

  #onTime(): void {
    this.#timed = false;
    this.#flush();
  }

  #write(piece: Buffer): void {
    if (!this.to.destroyed) this.to.write(piece);
  }
}
