/**
 * A TCP proxy to Postgres that holds one round trip: its request before the server has it, or its reply before the
 * client has it. A process that is killed meanwhile dies at exactly that moment.
 */
import net from 'node:net';

export type Moment = 'before the statement' | 'after it, before its reply';

interface Held {
  /** The statement's first words. */
  readonly statement: string;
}

export interface HoldingProxy {
  /** The URL with the proxy's address instead of the server's. */
  through(url: string): string;
  /**
   * Holds the round trip that comes after `passing` others, counted from now over all connections. Resolves when it
   * is held: with 'after it', the server has answered.
   *
   * @param words only round trips whose statement has them count
   */
  hold(passing: number, moment: Moment, words?: string): Promise<Held>;
  /** Whether that round trip has begun. */
  begun(): boolean;
  /** Nothing is held any more; connections whose round trip was held are closed. */
  release(): void;
  close(): void;
}

/** ReadyForQuery ends a reply: Z, its length 5, and the transaction's state. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5]);

interface Hold {
  passing: number;
  readonly moment: Moment;
  readonly words: string;
  readonly held: (held: Held) => void;
}

export async function holdingProxy(target: URL): Promise<HoldingProxy> {
  let hold: Hold | undefined;
  const sockets = new Set<net.Socket>();
  const stuck = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.port), target.hostname);
    let idle = false;
    /** The reply's last bytes, which may come in pieces too. */
    let tail: Buffer = Buffer.alloc(0);
    let onReply: (() => void) | undefined;
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (request) => {
      const begins = idle;
      idle = false;
      if (stuck.has(near)) {
        // The rest of a request that came in pieces: without it the server has nothing to answer.
        if (onReply) far.write(request);
        return;
      }
      if (!begins || !hold || !request.includes(hold.words) || hold.passing-- > 0) {
        far.write(request);
        return;
      }
      const { moment, held } = hold;
      hold = undefined;
      stuck.add(near);
      const statement = wordsOf(request);
      if (moment === 'before the statement') held({ statement });
      else {
        onReply = () => {
          held({ statement });
        };
        far.write(request);
      }
    });
    far.on('data', (reply) => {
      tail = Buffer.concat([tail, reply.subarray(-6)]).subarray(-6);
      const ready = tail.subarray(0, -1).equals(READY);
      if (!stuck.has(near)) {
        near.write(reply);
        idle = ready;
      } else if (ready) {
        onReply?.();
        onReply = undefined;
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const address = `127.0.0.1:${String(bound !== null && typeof bound === 'object' ? bound.port : 0)}`;
  const release = (): void => {
    hold = undefined;
    for (const socket of stuck) socket.destroy();
    stuck.clear();
  };
  return {
    through: (url) => Object.assign(new URL(url), { host: address }).href,
    hold: (passing, moment, words = '') =>
      new Promise((held) => {
        hold = { passing, moment, words, held };
      }),
    begun: () => stuck.size > 0,
    release,
    close: () => {
      release();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Of a Query or Parse message, or the name of a prepared statement that is bound again. */
function wordsOf(request: Buffer): string {
  const sql = /(BEGIN|COMMIT|SELECT|WITH|INSERT|UPDATE|DELETE|LISTEN)[^\0]*/.exec(request.toString('latin1'));
  return (sql?.[0] ?? 'a prepared statement').replaceAll(/\s+/g, ' ').slice(0, 60);
}
