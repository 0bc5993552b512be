/** The HTTP server: its time limits, and answers to what Node rejects before a request reaches the application. */
import {
  createServer,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { v4 as newRequestId } from 'uuid';
import { SILENT_CONNECTION_MS } from './read-limits';
import { type ProblemJson, type ProblemName, PROBLEMS } from './problems';

export interface ServerLimits {
  /** For the headers of a request, milliseconds. */
  readonly headersMs: number;
  /** For a whole request with its body, milliseconds. The answer may take longer. */
  readonly requestMs: number;
  /** How often Node looks for requests that are late, milliseconds. */
  readonly checkMs: number;
  /** A connection on which no byte moves for so long while a request is in progress is closed, milliseconds. */
  readonly silentMs: number;
  /** How long an idle connection is kept, milliseconds. */
  readonly keepAliveMs: number;
}

export const SERVER_LIMITS: ServerLimits = {
  /** 10 s: headers are one packet or two. A client that sends them slowly holds a connection. */
  headersMs: 10_000,
  /** 30 s: for 16 KiB over the slowest line. */
  requestMs: 30_000,
  checkMs: 1_000,
  silentMs: SILENT_CONNECTION_MS,
  /**
   * 65 s: longer than the 60 s after which load balancers usually close an idle connection. If the server closed it first,
   * a request could be on its way and would fail with an unknown outcome.
   */
  keepAliveMs: 65_000,
};

/** 16 KiB for the request line and the headers: twice a URL with a cursor and the longest access token. */
const HEADERS_MAX_BYTES = 16_384;

interface Rejection {
  readonly problem: ProblemName;
  readonly detail: string;
}

/** By the code of Node's error. */
const REJECTIONS: Readonly<Partial<Record<string, Rejection>>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { problem: 'request-timeout', detail: 'Send the whole request at once.' },
  HPE_HEADER_OVERFLOW: { problem: 'headers-too-large', detail: 'Send at most 16 KiB of headers.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { problem: 'too-large', detail: 'Send the body without chunk extensions.' },
};
const SYNTAX: Rejection = { problem: 'malformed-request', detail: 'This is not a request of HTTP/1.1.' };
const TARGET: Rejection = { problem: 'malformed-request', detail: 'The request target is not a URL.' };
const EXPECTATION: Rejection = {
  problem: 'expectation-failed',
  detail: 'The server meets no expectation but 100-continue.',
};
const NO_PROXY: Rejection = { problem: 'method-not-allowed', detail: 'The server is not a proxy.' };

export function createHttpServer(app: RequestListener, limits: ServerLimits = SERVER_LIMITS): Server {
  const server = createServer(
    {
      maxHeaderSize: HEADERS_MAX_BYTES,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkMs,
      keepAliveTimeout: limits.keepAliveMs,
      // Node would answer a request without a Host by itself, and without a problem.
      requireHostHeader: false,
    },
    (request, response) => {
      if (isReadable(request.url ?? '')) app(request, response);
      else reject(request.socket, TARGET);
    },
  );
  server.timeout = limits.silentMs;
  /** The last request of a connection, until it has its answer. */
  const unanswered = new WeakMap<Duplex, ServerResponse>();
  server.prependListener('request', ({ socket }, response) => {
    unanswered.set(socket, response);
    response.once('finish', () => unanswered.get(socket) === response && unanswered.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = unanswered.get(socket);
    // Another answer must not mix with that of a complete request.
    const isFree = !response || (!response.headersSent && !response.req.complete);
    if (isFree && socket.writable) reject(socket, REJECTIONS[error.code ?? ''] ?? SYNTAX);
    else socket.destroy();
  });
  server.on('checkExpectation', ({ socket }) => {
    reject(socket, EXPECTATION);
  });
  server.on('connect', (_request, socket) => {
    reject(socket, NO_PROXY);
  });
  return server;
}

/** Express answers any other target by itself. */
function isReadable(target: string): boolean {
  return target.startsWith('/') || target === '*' || URL.canParse(target);
}

/** Answers on a connection on which no request is in progress, and closes it. */
function reject(socket: Duplex, { problem, detail }: Rejection): void {
  const { status, title } = PROBLEMS[problem];
  const requestId = newRequestId();
  const body: ProblemJson = { type: `/problems/${problem}`, title, status, detail, instance: '', requestId };
  const json = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${String(Buffer.byteLength(json))}`,
    `X-Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'Connection: close',
    ...(status === 405 ? ['Allow: GET, HEAD, POST, OPTIONS'] : []),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${json}`);
}
