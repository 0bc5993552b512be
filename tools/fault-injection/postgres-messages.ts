/** What passes between a client and Postgres, as far as it takes to know what runs and how it ends: protocol 3. */

const TYPE_AND_LENGTH = 5;
const PARSE = 'P';
const BIND = 'B';
const ERROR = 'E';
const READY_FOR_QUERY = 'Z';

/** Puts messages together from what passes, in whatever pieces. */
class MessageReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @param untyped whether the first message has no type, as a client's has not */
  constructor(private untyped: boolean) {}

  /** @param message called with each complete message */
  read(piece: Buffer, message: (type: string, body: Buffer) => void): void {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    for (;;) {
      const header = this.untyped ? TYPE_AND_LENGTH - 1 : TYPE_AND_LENGTH;
      if (this.#rest.length < header) return;
      const end = header - 4 + this.#rest.readUInt32BE(header - 4);
      if (this.#rest.length < end) return;
      const type = this.untyped ? '' : String.fromCharCode(this.#rest[0] ?? 0);
      const body = this.#rest.subarray(header, end);
      this.#rest = this.#rest.subarray(end);
      this.untyped = false;
      message(type, body);
    }
  }
}

/** Of one connection, what its client says. */
export class StatementReader {
  readonly #messages = new MessageReader(true);
  readonly #texts = new Map<string, string>();

  /** @returns of each statement that is run: its text, and the parameters bound to it as they are on the wire */
  read(piece: Buffer): string[] {
    const run: string[] = [];
    this.#messages.read(piece, (type, body) => {
      if (type === PARSE) this.#parse(body);
      if (type === BIND) run.push(this.#bind(body));
    });
    return run;
  }

  #parse(body: Buffer): void {
    const [name = '', text = ''] = body.toString('latin1').split('\0');
    this.#texts.set(name, text);
  }

  #bind(body: Buffer): string {
    const words = body.toString('latin1');
    const [, name = ''] = words.split('\0');
    return `${this.#texts.get(name) ?? ''}\n${words}`;
  }
}

/** Of one connection, what its server answers. */
export class ReplyReader {
  readonly #messages = new MessageReader(false);
  #errors: string[] = [];

  /**
   * @returns the SQLSTATEs in this piece, and of each answer that is complete with it whether it
   *   failed: then nothing was committed
   */
  read(piece: Buffer): { readonly states: readonly string[]; readonly failed: readonly boolean[] } {
    const states: string[] = [];
    const failed: boolean[] = [];
    this.#messages.read(piece, (type, body) => {
      if (type === ERROR) {
        const state = sqlState(body);
        states.push(state);
        this.#errors.push(state);
      }
      if (type === READY_FOR_QUERY) failed.push(this.#errors.splice(0).length > 0);
    });
    return { states, failed };
  }
}

/** An error is a list of fields: a letter, and a text that ends with a zero. */
function sqlState(body: Buffer): string {
  const field = body
    .toString('latin1')
    .split('\0')
    .find((each) => each.startsWith('C'));
  return field?.slice(1) ?? '';
}
