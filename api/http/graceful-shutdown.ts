/** Graceful shutdown of the HTTP server: reject new requests, answer those in progress, close the connections. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import { Problem } from './problems';

/** 1 s: another process can accept the request at once; a single process needs longer to restart. */
const RETRY_AFTER_S = '1';

/** Once `stopping` is aborted, rejects each request and closes its connection. Requests in progress are not affected. */
export function rejectWhenStopping(stopping: AbortSignal): RequestHandler {
  return (_request, response, next) => {
    if (!stopping.aborted) {
      next();
      return;
    }
    response.set('Connection', 'close');
    throw new Problem('stopping', 'The request was not processed; send it again to another process.', {
      headers: { 'Retry-After': RETRY_AFTER_S },
    });
  };
}

/** 4 s for requests in progress; the worker and the servers need the rest of the 10 s of a shutdown. */
const REQUEST_DRAIN_MS = 4_000;

/** 20 ms: an idle connection is closed within this time. */
const IDLE_POLL_MS = 20;

/** 200 ms: a client sends its request right after it has connected; browsers connect without one. */
const UNUSED_MS = 200;

/**
 * Tracks the connections on which no request has begun. Node does not count them as idle.
 *
 * @param server is not listening yet
 */
export function unusedConnections(server: Server): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.prependListener('request', ({ socket }) => unused.delete(socket));
  return unused;
}

/** Stops listening. Resolves when the requests in progress are answered, or were cut after the timeout. */
export async function drainServer(server: Server, unused: ReadonlySet<Socket>): Promise<void> {
  // Closing resets connections that wait to be accepted. The event loop accepts them first.
  await setImmediate();
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_POLL_MS);
  const unusedTimer = setTimeout(() => {
    for (const socket of unused) if (socket.bytesRead === 0) socket.destroy();
  }, UNUSED_MS);
  const late = setTimeout(() => {
    server.closeAllConnections();
  }, REQUEST_DRAIN_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(unusedTimer);
  clearTimeout(late);
}
