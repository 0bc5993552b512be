/**
 * The TCP proxy between one process and one server. It can cut, stall or slow the traffic, or hold it at a
 * step of a saga.
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

  /** @param target URL of the server; read for each connection, because the server may move */
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

  /** The URL of the server, with the address of the proxy. */
  get url(): string {
    return Object.assign(new URL(this.target), { host: this.address }).href;
  }

  /** Number of pieces that had to wait because the proxy was slowed or stalled. */
  get waited(): number {
    return this.#waited;
  }

  /** How often the database answered with this SQLSTATE. */
  refusals(state: string): number {
    return this.#refusals.get(state) ?? 0;
  }

  /** @returns stops watching */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Closes all connections; accepts new ones.
   *
   * @returns how many connections it closed
   */
  cut(): number {
    const cut = this.#connections.size;
    for (const connection of this.#connections) connection.cut();
    return cut;
  }

  /** Delays every piece from now on; 0 ends the delay. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Passes nothing from now on, in either direction. */
  stall(): void {
    this.#stalled = true;
    for (const connection of this.#connections) connection.hold();
  }

  /** Passes what was held, and resumes. */
  resume(): void {
    this.#stalled = false;
    for (const connection of this.#connections) connection.release();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
