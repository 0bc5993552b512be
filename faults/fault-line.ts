/**
 * The TCP line of one process to one server. All that the process says and hears goes through it, so that it can
 * be cut, stalled, slowed, or held at one step of a saga.
 */
import net from 'node:net';
import { StatementReader } from './postgres-messages';
import { type Step, stepOf } from './steps';

export const MOMENTS = [
  'before its statement',
  'after its commit, before its reply',
  'after its reply',
] as const;
export type Moment = (typeof MOMENTS)[number];

/** A step of this line's process stands still at that moment. */
export interface Held {
  /** Lets it go on. */
  release(): void;
  /** Closes its connection, on both sides. */
  cut(): void;
}

interface Trap {
  readonly step: Step;
  readonly moment: Moment;
  readonly caught: (held: Held) => void;
}

/** ReadyForQuery ends a reply: Z, its length 5, and the transaction's state. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5]);

export class FaultLine {
  readonly #server: net.Server;
  readonly #connections = new Set<Connection>();
  #trap: Trap | undefined;
  #delayMs = 0;

  /** @param target where the server is now: it may move */
  constructor(private readonly target: URL) {
    this.#server = net.createServer((near) => {
      const connection: Connection = new Connection(near, target, {
        delayMs: () => this.#delayMs,
        trapFor: (step) => this.#take(step),
        closed: () => this.#connections.delete(connection),
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

  /** Holds the next connection that comes to this moment of the step. */
  catch(step: Step, moment: Moment, caught: (held: Held) => void): void {
    this.#trap = { step, moment, caught };
  }

  catchNothing(): void {
    this.#trap = undefined;
  }

  /** Closes all connections; new ones are taken. */
  cut(): void {
    for (const connection of this.#connections) connection.cut();
  }

  /** From now on every piece takes so much longer; 0 makes the line as it was. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #take(step: Step): Trap | undefined {
    const trap = this.#trap;
    if (trap?.step !== step) return undefined;
    this.#trap = undefined;
    return trap;
  }
}

interface Line {
  delayMs(): number;
  trapFor(step: Step): Trap | undefined;
  closed(): void;
}

class Connection implements Held {
  readonly #far: net.Socket;
  readonly #statements = new StatementReader();
  #trap: Trap | undefined;
  /** What is not passed on while the connection is held. */
  #kept: (() => void)[] | undefined;
  #tail: Buffer = Buffer.alloc(0);

  constructor(
    private readonly near: net.Socket,
    target: URL,
    private readonly line: Line,
  ) {
    this.#far = net.connect(Number(target.port), target.hostname);
    for (const socket of [near, this.#far]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.cut();
        line.closed();
      });
    }
    near.on('data', (piece: Buffer) => {
      this.#fromClient(piece, target.protocol === 'postgres:');
    });
    this.#far.on('data', (piece: Buffer) => {
      this.#fromServer(piece);
    });
  }

  release(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const pass of kept) pass();
  }

  cut(): void {
    this.near.destroy();
    this.#far.destroy();
  }

  #fromClient(piece: Buffer, isPostgres: boolean): void {
    if (isPostgres && !this.#kept) {
      const step = this.#statements
        .read(piece)
        .map(stepOf)
        .find((each) => each !== undefined);
      this.#trap ??= step && this.line.trapFor(step);
      if (step && this.#trap?.moment === 'before its statement') this.#hold(this.#trap);
    }
    this.#pass(() => this.#far.write(piece));
  }

  #fromServer(piece: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, piece.subarray(-6)]).subarray(-6);
    const trap = this.#trap;
    const over = trap !== undefined && this.#tail.subarray(0, -1).equals(READY);
    if (over && trap.moment === 'after its commit, before its reply') this.#hold(trap);
    this.#pass(() => this.near.write(piece));
    if (over && trap.moment === 'after its reply') this.#hold(trap);
  }

  #hold(trap: Trap): void {
    this.#trap = undefined;
    this.#kept = [];
    trap.caught(this);
  }

  #pass(write: () => void): void {
    const delayMs = this.line.delayMs();
    const pass = () => {
      if (delayMs === 0) write();
      else setTimeout(write, delayMs);
    };
    if (this.#kept) this.#kept.push(pass);
    else pass();
  }
}
