/** One connection through a fault proxy. It parses requests and answers, and can be held. */
import net from 'node:net';
import { AnswerReader, CallReader } from './grpc-messages';
import { DelayedPipe } from './delayed-pipe';
import { ReplyReader, StatementReader } from './postgres-messages';

/** A held connection: it keeps everything that arrives, from either side. */
export interface Held {
  /** Passes what was held, also to a server whose client has disconnected. */
  release(): void;
  /**
   * Passes the request to the server and holds its answer. Resolves with true when the answer has arrived,
   * and with false when the server closed the connection without one.
   */
  answered(): Promise<boolean>;
  /** Whether it is still held and its server is connected. */
  stands(): boolean;
  /** Closes both sides; what was held is lost. */
  cut(): void;
}

/** A request of a process to a server. */
export interface Request {
  readonly to: 'database' | 'temporal';
  /** Its text and parameters, or its names and JSON. */
  words(): string;
}

/** Observes the traffic, and decides what to hold. */
export interface Watcher {
  /** @returns whether it is held before the server has it */
  asked(request: Request, connection: Held): boolean;
  /** @returns whether the database's answer is held before the process has it */
  answered(failed: boolean, connection: Held): boolean;
  closed(connection: Held): void;
}

export interface ProxyState {
  readonly watchers: Iterable<Watcher>;
  delayMs(): number;
  stalled(): boolean;
  /** Notified of pieces that had to wait, and of errors that the database answered. */
  waited(): void;
  refused(sqlState: string): void;
  closed(connection: Connection): void;
}

interface Asked extends Request {
  /** Which answers belong to it. */
  readonly id: number;
}

interface Answered {
  readonly id: number;
  /** Of a statement; undefined: not known. */
  readonly failed?: boolean;
}

interface Protocol {
  asked(piece: Buffer): Asked[];
  answered(piece: Buffer): Answered[];
}

export class Connection implements Held {
  readonly #far: net.Socket;
  readonly #protocol: Protocol;
  readonly #toServer: DelayedPipe;
  readonly #toClient: DelayedPipe;
  #held = false;
  /** The request that the connection is held for, and who waits for its answer. */
  #heldFor = 0;
  #onAnswer: ((came: boolean) => void) | undefined;

  constructor(
    private readonly near: net.Socket,
    target: URL,
    private readonly proxy: ProxyState,
  ) {
    this.#far = net.connect(Number(target.port), target.hostname);
    this.#protocol = target.protocol === 'postgres:' ? postgres(proxy) : grpc();
    this.#toServer = new DelayedPipe(this.#far, () => proxy.delayMs());
    this.#toClient = new DelayedPipe(near, () => proxy.delayMs());
    if (proxy.stalled()) this.hold();
    for (const socket of [near, this.#far]) socket.setNoDelay(true).on('error', () => undefined);
    near.on('data', (piece: Buffer) => {
      this.#fromClient(piece);
    });
    this.#far.on('data', (piece: Buffer) => {
      this.#fromServer(piece);
    });
    near.once('close', () => {
      this.#toServer.end();
    });
    this.#far.once('close', () => {
      this.near.destroy();
      this.#onAnswer?.(false);
      for (const watcher of proxy.watchers) watcher.closed(this);
      proxy.closed(this);
    });
  }

  hold(): void {
    this.#held = true;
    this.#toServer.hold();
    this.#toClient.hold();
  }

  release(): void {
    this.#held = false;
    this.#toServer.release();
    this.#toClient.release();
  }

  answered(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#onAnswer = resolve;
      if (this.#far.destroyed) resolve(false);
      this.#toServer.release();
    });
  }

  stands(): boolean {
    return this.#held && !this.#far.destroyed;
  }

  cut(): void {
    this.near.destroy();
    this.#far.destroy();
  }

  #fromClient(piece: Buffer): void {
    for (const request of this.#protocol.asked(piece)) {
      if (this.#held) continue;
      for (const watcher of this.proxy.watchers) if (watcher.asked(request, this)) this.#holdFor(request.id);
    }
    if (this.#toServer.pass(piece)) this.proxy.waited();
  }

  #fromServer(piece: Buffer): void {
    for (const { id, failed } of this.#protocol.answered(piece)) {
      if (id === this.#heldFor) this.#onAnswer?.(true);
      if (this.#held || failed === undefined) continue;
      for (const watcher of this.proxy.watchers) if (watcher.answered(failed, this)) this.#holdFor(id);
    }
    if (this.#toClient.pass(piece)) this.proxy.waited();
  }

  #holdFor(id: number): void {
    this.#heldFor = id;
    this.hold();
  }
}

/** Postgres answers one request at a time. */
function postgres(proxy: ProxyState): Protocol {
  const statements = new StatementReader();
  const replies = new ReplyReader();
  return {
    asked: (piece) => statements.read(piece).map((words) => ({ to: 'database', id: 0, words: () => words })),
    answered: (piece) => {
      const { states, failed } = replies.read(piece);
      for (const state of states) proxy.refused(state);
      return failed.map((each) => ({ id: 0, failed: each }));
    },
  };
}

function grpc(): Protocol {
  const calls = new CallReader();
  const answers = new AnswerReader();
  return {
    asked: (piece) =>
      calls.read(piece).map((call) => ({ to: 'temporal', id: call.stream, words: () => call.words() })),
    answered: (piece) => answers.read(piece).map((id) => ({ id })),
  };
}
