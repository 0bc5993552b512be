/** HTTP requests as bytes, which no client library would send, and what came back. */
import { connect } from 'node:net';

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawRequest {
  readonly method: string;
  /** The request target, as it is. */
  readonly target: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
}

/** 20 s: a request that is never answered fails its test. */
const ANSWER_MS = 20_000;

export function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    socket.setTimeout(ANSWER_MS, () => {
      socket.destroy(
        new Error(`no end of the answer in ${String(ANSWER_MS)} ms to ${bytes.toString('latin1')}`),
      );
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('end', () => {
      resolve(parsed(Buffer.concat(chunks).toString('utf8')));
      socket.destroy();
    });
    socket.once('error', reject);
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}

/** Sends a whole request, with a Host and a Content-Length of its own. */
export function send(
  url: string,
  { method, target, headers = [], body = '' }: RawRequest,
): Promise<RawAnswer> {
  const content = Buffer.from(body);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    'Connection: close',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(content.length > 0 ? [`Content-Length: ${String(content.length)}`] : []),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return sendRaw(url, Buffer.concat([head, content]));
}

function parsed(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line): [string, string] => {
      const [name = '', ...value] = line.split(': ');
      return [name.toLowerCase(), value.join(': ')];
    }),
  );
  return { status: Number(first.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n') };
}
