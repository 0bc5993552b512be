/** Graceful shutdown of the HTTP server: reject new requests, answer those in progress, close the connections. */
import type { Server } from 'node:http';
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

/** Stops listening. Resolves when the requests in progress are answered, or were cut after the timeout. */
export async function drainServer(server: Server): Promise<void> {
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
  const late = setTimeout(() => {
    server.closeAllConnections();
  }, REQUEST_DRAIN_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}
