/** Rejects requests whose target or Host cannot be read, before a route interprets them. */
import type { RequestHandler } from 'express';
import { Problem } from './problems';

/** Of all routes together, for `OPTIONS *`. */
const METHODS = 'GET, HEAD, POST, DELETE, OPTIONS';

/** 100: a browser behind proxies sends about thirty. Each is looked at several times. */
const HEADERS_MAX = 100;

export const requestSyntax: RequestHandler = (request, response, next) => {
  if (request.httpVersion === '1.1' && request.headers.host === undefined)
    throw new Problem('malformed-request', 'Send a Host header.');
  // Names and values.
  if (request.rawHeaders.length > 2 * HEADERS_MAX)
    throw new Problem('headers-too-large', `Send at most ${String(HEADERS_MAX)} headers.`);
  if (request.method === 'OPTIONS' && request.url === '*') {
    response.status(204).set('Allow', METHODS).end();
    return;
  }
  try {
    decodeURIComponent(request.path);
  } catch (cause) {
    throw new Problem('malformed-request', 'The path has an invalid percent-encoding.', { cause });
  }
  next();
};
