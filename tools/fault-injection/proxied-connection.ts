/** One connection through a fault proxy: what is asked and answered on it is read, and can be held. */
import net from 'node:net';
import { AnswerReader, CallReader } from './grpc-messages';
import { DelayedPipe } from './delayed-pipe';
import { ReplyReader, StatementReader } from './postgres-messages';

/** A connection that stands still: whatever comes, from either side, is kept. */
export interface Held {
  /** Lets what was kept go on; also to a server whose client is gone meanwhile. */
  release(): void;
  /**
   * Lets the server have what was asked. Resolves when its answer is there, which is kept: true; or when the server
   * has closed the connection without one: false.
   */
  answered(): Promise<boolean>;
  /** Whether it stands still yet, and its server is there. */
  stands(): boolean;
  /** Closes it, on both sides; what was kept is lost. */
  cut(): void;
}

/** What a process says to a server. */
export interface Request {
  readonly to: 'database' | 'temporal';
  /** Its text and parameters, or its names and JSON. */
  words(): string;
}

/** Looks at what passes, and says where to stop. */
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
  /** Told of pieces that had to wait, and of errors that a database answered. */
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
  /** What it was held for, and who waits for the answer to that. */
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

/** One question at a time. */
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
