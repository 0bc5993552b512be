/** Content negotiation: the event feed is a JSON page or an event stream. */
import type { ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import { Problem } from './problems';

const EVENT_STREAM = 'text/event-stream';
const OFFERED = ['application/json', EVENT_STREAM];

/**
 * @returns which of the two the client prefers; without a preference the page
 * @throws Problem `not-acceptable` when the client accepts neither
 */
export function negotiatedFeed(request: Request, response: Response): 'page' | 'stream' {
  response.vary('Accept');
  const accepted = request.accepts(OFFERED);
  if (accepted === false) throw new Problem('not-acceptable', `Accept ${OFFERED.join(' or ')}.`);
  return accepted === EVENT_STREAM ? 'stream' : 'page';
}

/** Whether the request is for an event stream, also when it is rejected before its route. */
export function wantsStream(request: Request): boolean {
  return request.method === 'GET' && request.path === '/events' && request.accepts(OFFERED) === EVENT_STREAM;
}

/** Whether the answer is an event stream. */
export function isEventStream(response: ServerResponse): boolean {
  return response.getHeader('Content-Type')?.toString().startsWith(EVENT_STREAM) ?? false;
}
