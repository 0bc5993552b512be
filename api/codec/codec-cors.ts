/** Lets the page of the Temporal UI, and no other, call the codec server from a browser. */
import type { RequestHandler } from 'express';

/** What the UI sends: the namespace, and the access token of its user where it is configured to. */
const HEADERS = 'Content-Type, X-Namespace, Authorization, Authorization-Extras';

/** 10 minutes: the UI calls for each event that it shows. */
const PREFLIGHT_MAX_AGE_S = 600;

/**
 * Answers preflights, which never have a token: add it before the authentication. Allows no cookies.
 *
 * @param uiOrigin scheme, host and port of the Temporal UI
 */
export function codecCors(uiOrigin: string): RequestHandler {
  return (request, response, next) => {
    response.vary('Origin');
    if (request.get('Origin') !== uiOrigin) {
      next();
      return;
    }
    response.set('Access-Control-Allow-Origin', uiOrigin);
    if (request.method !== 'OPTIONS') {
      next();
      return;
    }
    response
      .status(204)
      .set({
        'Access-Control-Allow-Methods': 'POST',
        'Access-Control-Allow-Headers': HEADERS,
        'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_S),
      })
      .end();
  };
}
