/** A process that is about to stop says so first, so that whoever asks it goes elsewhere before it is gone. */
import type { Server } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import { Problem } from './problems';

/** 1 s: at once, but for whoever has no other process to go to. */
const RETRY_AFTER_S = '1';

/** When it is stopping, nothing new is begun, and no connection is kept; what is under way goes on. */
export function refuseWhen(stopping: AbortSignal): RequestHandler {
  return (_request, response, next) => {
    if (!stopping.aborted) {
      next();
      return;
    }
    response.set('Connection', 'close');
    throw new Problem('stopping', 'Nothing was begun; send it again, another process will take it.', {
      headers: { 'Retry-After': RETRY_AFTER_S },
    });
  };
}

/** 4 s for requests under way; what is left of the 10 s of a stop belongs to the worker and the servers. */
const REQUEST_DRAIN_MS = 4_000;

/** 20 ms: a connection that has become idle is closed so soon. */
const IDLE_POLL_MS = 20;

/** Listens no more, and resolves when the requests under way are answered, or have taken too long. */
export async function finishRequests(server: Server): Promise<void> {
  // Right after the loop has taken in what was waiting to be accepted: closing turns away whoever still waits.
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
