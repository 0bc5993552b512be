/** Limits the requests of each client, so that none takes what the others need. Memory: the clients of two minutes. */
import type { Request, RequestHandler, Response } from 'express';
import { MemoryStore, type Options, rateLimit } from 'express-rate-limit';
import { addressOf, clientOf, principalOf } from './principal';
import { Problem } from './problems';
import { SERVICE } from './service-tokens';

const WINDOW_MS = 60_000;

const UNAUTHENTICATED = 401;

/** A tenth: a client with a wrong token notices at its first answer. */
const REFUSED_SHARE = 1 / 10;

export interface RequestRates {
  /** Before the authentication: the refused requests of each address, whose tokens cost time to verify. */
  readonly refused: RequestHandler;
  /** After it: the requests of each client. Other services are not counted: they work for all clients. */
  readonly all: RequestHandler;
}

/** @param perMinute requests of one client; undefined: no limit */
export function requestRates(perMinute: number | undefined): RequestRates {
  if (perMinute === undefined) return { refused: pass, all: pass };
  const refusedPerMinute = Math.max(Math.floor(perMinute * REFUSED_SHARE), 1);
  return {
    refused: refusedOf(refusedPerMinute),
    all: limited(perMinute, {
      standardHeaders: 'draft-8',
      identifier: 'client',
      keyGenerator: (request: Request, response: Response) => clientOf(request, response) ?? '',
      skip: (_request: Request, response: Response) => principalOf(response) === SERVICE,
    }),
  };
}

const pass: RequestHandler = (_request, _response, next) => {
  next();
};

/** Counts a request when it has been refused: requests that wait, such as streams, are none yet. */
function refusedOf(limit: number): RequestHandler {
  const store = new MemoryStore();
  const counter = rateLimit({ windowMs: WINDOW_MS, limit, store });
  return async (request, response, next) => {
    const address = addressOf(request) ?? '';
    const counted = await counter.getKey(address);
    if (counted !== undefined && counted.totalHits >= limit) throw tooMany(limit, counted.resetTime);
    response.once('finish', () => {
      if (response.statusCode === UNAUTHENTICATED) void store.increment(address);
    });
    next();
  };
}

function tooMany(limit: number, resetTime?: Date): Problem {
  const seconds = Math.ceil(((resetTime?.getTime() ?? Date.now()) - Date.now()) / 1_000);
  return new Problem(
    'too-many-requests',
    `One client may send ${String(limit)} such requests a minute; wait as Retry-After says.`,
    resetTime && { headers: { 'Retry-After': String(Math.max(seconds, 1)) } },
  );
}

function limited(limit: number, options: Partial<Options>): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit,
    legacyHeaders: false,
    handler: () => {
      throw tooMany(limit);
    },
    ...options,
  });
}
