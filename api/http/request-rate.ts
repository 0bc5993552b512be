/** Limits the requests of each client, so that none takes what the others need. */
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { principalOf } from './principal';
import { Problem } from './problems';
import { SERVICE } from './service-tokens';

const WINDOW_MS = 60_000;

/** 64 bits: the network that a provider gives to one customer. */
const IPV6_SUBNET = 64;

/**
 * Counts by principal, and by address without one. Other services of the installation are not counted: they work for all
 * clients.
 *
 * @param perMinute requests of one client; undefined: no limit
 */
export function requestRate(perMinute: number | undefined): RequestHandler {
  if (perMinute === undefined)
    return (_request, _response, next) => {
      next();
    };
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: 'client',
    skip: (_request: Request, response: Response) => principalOf(response) === SERVICE,
    keyGenerator: (request: Request, response: Response) =>
      principalOf(response).id ?? ipKeyGenerator(request.ip ?? '', IPV6_SUBNET),
    handler: () => {
      throw new Problem(
        'too-many-requests',
        `One client may send ${String(perMinute)} requests a minute; wait as Retry-After says.`,
      );
    },
  });
}
