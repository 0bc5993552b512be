/** What passes between the Temporal SDK and its server, as far as it takes to know what is said: gRPC over HTTP/2. */
import { gunzipSync } from 'node:zlib';

/** A client begins with it: "PRI * HTTP/2.0", and so on. */
const PREFACE_LENGTH = 24;

/** Length (3), type (1), flags (1), stream (4). */
const FRAME_HEADER_LENGTH = 9;
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const PADDED = 0x8;

/** Whether the message is compressed (1), and its length (4). */
const MESSAGE_HEADER_LENGTH = 5;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Puts frames together from what passes, in whatever pieces. */
class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  constructor(private skip: number) {}

  read(piece: Buffer, frame: (frame: Frame) => void): void {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const skipped = Math.min(this.skip, this.#rest.length);
    this.skip -= skipped;
    this.#rest = this.#rest.subarray(skipped);
    while (this.#rest.length >= FRAME_HEADER_LENGTH) {
      const end = FRAME_HEADER_LENGTH + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      frame({
        type: this.#rest[3] ?? 0,
        flags: this.#rest[4] ?? 0,
        stream: this.#rest.readUInt32BE(5) & 0x7fffffff,
        payload: this.#rest.subarray(FRAME_HEADER_LENGTH, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
  }
}

export interface CallMessage {
  readonly stream: number;
  /** The message as it is on the wire, without its compression: names and JSON can be read in it. */
  words(): string;
}

/** Of one connection, what its client asks for. */
export class CallReader {
  readonly #frames = new FrameReader(PREFACE_LENGTH);
  /** Of calls whose message has come in part. */
  readonly #parts = new Map<number, Buffer>();

  /** @returns the messages that are complete with this piece */
  read(piece: Buffer): CallMessage[] {
    const complete: CallMessage[] = [];
    this.#frames.read(piece, ({ type, flags, stream, payload }) => {
      if (type === RST_STREAM) this.#parts.delete(stream);
      if (type !== DATA) return;
      const data = (flags & PADDED) === 0 ? payload : payload.subarray(1, payload.length - (payload[0] ?? 0));
      const known = Buffer.concat([this.#parts.get(stream) ?? Buffer.alloc(0), data]);
      this.#parts.set(stream, known);
      if (known.length < MESSAGE_HEADER_LENGTH) return;
      const end = MESSAGE_HEADER_LENGTH + known.readUInt32BE(1);
      if (known.length < end) return;
      this.#parts.delete(stream);
      const message = known.subarray(0, end);
      complete.push({ stream, words: () => wordsOf(message) });
    });
    return complete;
  }
}

function wordsOf(message: Buffer): string {
  const body = message.subarray(MESSAGE_HEADER_LENGTH);
  return (message[0] === 1 ? gunzipSync(body) : body).toString('latin1');
}

/** Of one connection, whose call its server answers. */
export class AnswerReader {
  readonly #frames = new FrameReader(0);

  /** @returns the streams of which there is something in this piece; that the server has room for more is no answer */
  read(piece: Buffer): number[] {
    const streams: number[] = [];
    this.#frames.read(piece, ({ type, stream }) => {
      if (type === DATA || type === HEADERS) streams.push(stream);
    });
    return streams;
  }
}
