/**
 * The TCP proxy between one process and one server. All that the process says and hears goes through it, so that it can
 * be cut, stalled, slowed, or held at one step of a saga.
 */
import net from 'node:net';
import { Connection, type Watcher } from './proxied-connection';

export class FaultProxy {
  readonly #server: net.Server;
  readonly #connections = new Set<Connection>();
  readonly #watchers = new Set<Watcher>();
  #delayMs = 0;
  #stalled = false;
  #waited = 0;
  readonly #refusals = new Map<string, number>();

  /** @param target where the server is now: it may move */
  constructor(private readonly target: URL) {
    this.#server = net.createServer((near) => {
      const connection = new Connection(near, target, {
        watchers: this.#watchers,
        delayMs: () => this.#delayMs,
        stalled: () => this.#stalled,
        waited: () => (this.#waited += 1),
        refused: (state) => this.#refusals.set(state, this.refusals(state) + 1),
        closed: (closed) => this.#connections.delete(closed),
      });
      this.#connections.add(connection);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get address(): string {
    const bound = this.#server.address();
    return `127.0.0.1:${String(typeof bound === 'object' && bound ? bound.port : 0)}`;
  }

  /** The server's URL with the line's address instead. */
  get url(): string {
    return Object.assign(new URL(this.target), { host: this.address }).href;
  }

  /** Pieces that had to wait so far, because the line was slow or stood still. */
  get waited(): number {
    return this.#waited;
  }

  /** How often the database has answered so, by SQLSTATE. */
  refusals(state: string): number {
    return this.#refusals.get(state) ?? 0;
  }

  /** @returns ends it */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Closes all connections; new ones are taken.
   *
   * @returns how many there were
   */
  cut(): number {
    const cut = this.#connections.size;
    for (const connection of this.#connections) connection.cut();
    return cut;
  }

  /** From now on every piece takes so much longer; 0 makes the line as it was. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** From now on nothing passes, in either direction. */
  stall(): void {
    this.#stalled = true;
    for (const connection of this.#connections) connection.hold();
  }

  /** What was kept passes now. */
  goOn(): void {
    this.#stalled = false;
    for (const connection of this.#connections) connection.release();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
