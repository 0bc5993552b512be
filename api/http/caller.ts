/** The caller of a request: whether it still waits for the answer. */
import type { ServerResponse } from 'node:http';
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import type { Metrics } from '../../platform/metrics';
import { isEventStream } from './negotiation';
import { routeOf } from './route';

/** The caller has closed its connection: nobody can read an answer. */
export class CallerLeft extends Error {
  override readonly name = 'CallerLeft';
}

const signals = new WeakMap<ServerResponse, AbortSignal>();

/**
 * @returns aborted, with {@link CallerLeft}, when the connection closes before the answer is complete. Every wait of a
 *   request ends with it.
 */
export function callerLeft(response: ServerResponse): AbortSignal {
  const known = signals.get(response);
  if (known) return known;
  const controller = new AbortController();
  // Each place, wait and read of the request may listen.
  setMaxListeners(0, controller.signal);
  signals.set(response, controller.signal);
  const { socket } = response.req;
  const left = (): void => {
    if (!response.writableFinished) controller.abort(new CallerLeft('the caller has closed its connection'));
  };
  // The socket, not the response: that of a pipelined request has no socket yet, and would not notice.
  if (socket.destroyed) left();
  else onceClosed(socket, response, left);
  return controller.signal;
}

function onceClosed(socket: Socket, response: ServerResponse, left: () => void): void {
  // A caller may send many requests over one connection without waiting for the answers.
  socket.setMaxListeners(0);
  socket.once('close', left);
  response.once('finish', () => {
    socket.off('close', left);
  });
}

/**
 * Runs `work` with a signal that aborts when the caller leaves or the process stops.
 *
 * @param stopping lives as long as the process; no listener remains on it
 */
export async function whileNeeded<T>(
  response: ServerResponse,
  stopping: AbortSignal,
  work: (over: AbortSignal) => Promise<T>,
): Promise<T> {
  const left = callerLeft(response);
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const end = (): void => {
    over.abort();
  };
  if (left.aborted || stopping.aborted) end();
  left.addEventListener('abort', end);
  stopping.addEventListener('abort', end);
  try {
    return await work(over.signal);
  } finally {
    left.removeEventListener('abort', end);
    stopping.removeEventListener('abort', end);
  }
}

/** Counts the callers that left. An event stream ends in no other way, so it does not count. */
export function countCallersThatLeft(metrics: Metrics): RequestHandler {
  const count = metrics.counter(
    'http_callers_left',
    'Requests whose caller closed the connection before the answer. Omits event streams.',
  );
  return (request, response, next) => {
    callerLeft(response).addEventListener('abort', () => {
      if (!isEventStream(response)) count({ method: request.method, route: routeOf(request) });
    });
    next();
  };
}
