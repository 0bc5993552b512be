/** What a client says to Postgres, as far as it takes to know which statement runs: frontend messages of protocol 3. */

const TYPE_AND_LENGTH = 5;
const PARSE = 'P';
const BIND = 'B';

/** Of one connection; it is fed what passes, in whatever pieces. */
export class StatementReader {
  #rest: Buffer = Buffer.alloc(0);
  /** The first message has no type. */
  #started = false;
  readonly #texts = new Map<string, string>();

  /** @returns of each statement that is run: its text, and the parameters bound to it as they are on the wire */
  read(piece: Buffer): string[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const run: string[] = [];
    for (;;) {
      const header = this.#started ? TYPE_AND_LENGTH : TYPE_AND_LENGTH - 1;
      if (this.#rest.length < header) return run;
      const end = header - 4 + this.#rest.readUInt32BE(header - 4);
      if (this.#rest.length < end) return run;
      const type = this.#started ? String.fromCharCode(this.#rest[0] ?? 0) : '';
      const body = this.#rest.subarray(header, end);
      this.#rest = this.#rest.subarray(end);
      this.#started = true;
      if (type === PARSE) this.#parse(body);
      if (type === BIND) run.push(this.#bind(body));
    }
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
