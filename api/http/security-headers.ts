/** Headers of every answer that keep browsers and caches from doing harm with it. */
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** One year, as browsers' preload lists want it. */
const HTTPS_ONLY_S = 31_536_000;

const headers = helmet({
  // Answers are data: no browser executes anything in them. The page /docs has a policy of its own.
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  // Only where the client came by https: otherwise it would lock a developer out of http://localhost.
  strictTransportSecurity: false,
});

const httpsOnly = helmet.strictTransportSecurity({ maxAge: HTTPS_ONLY_S });

/** Answers are data for one client: no cache stores them, and no browser guesses their type or executes them. */
export const securityHeaders: RequestHandler = (request, response, next) => {
  response.set('Cache-Control', 'no-store');
  if (request.secure)
    httpsOnly(request, response, () => {
      headers(request, response, next);
    });
  else headers(request, response, next);
};
