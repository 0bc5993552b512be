/** Every error answer, as RFC 9457 problem details; nothing of ours leaks into one. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from '../platform/logger';
import { SagaStartFailed, SagaStarterFull } from './saga-starter';

/** Stable names of what can go wrong; `type` is `/problems/<name>`. */
const PROBLEMS = {
  'malformed-request': { status: 400, title: 'The request cannot be read' },
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body has to be application/json' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used with another body' },
  overloaded: { status: 503, title: 'Too many orders are under way' },
  'temporal-unavailable': { status: 503, title: 'Sagas cannot be started at the moment' },
  'database-unavailable': { status: 503, title: 'The database does not answer at the moment' },
  internal: { status: 500, title: 'Something went wrong on our side' },
} as const;

export type ProblemName = keyof typeof PROBLEMS;

/** What is wrong with one part of a body; `pointer` is a JSON pointer into it. */
export interface PartError {
  readonly pointer: string;
  readonly detail: string;
}

/** 2 s: a restart of a database or of Temporal takes a few; asking sooner would not help. */
const RETRY_AFTER_S = '2';

/** Thrown by a handler to answer with a problem. */
export class Problem extends Error {
  constructor(
    readonly problem: ProblemName,
    readonly detail: string,
    readonly options: { readonly errors?: readonly PartError[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(`${problem}: ${detail}`);
  }
}

export const notFound: RequestHandler = () => {
  throw new Problem('not-found', 'No resource has this path.');
};

export function methodNotAllowed(...allowed: readonly string[]): RequestHandler {
  return (request) => {
    throw new Problem('method-not-allowed', `${request.method} is not one of ${allowed.join(', ')}.`, {
      headers: { Allow: allowed.join(', ') },
    });
  };
}

/** The last handler: turns whatever was thrown into a problem, and logs what is ours to mend. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { problem, detail, options } = asProblem(error);
    const { status, title } = PROBLEMS[problem];
    if (status >= 500) logger.error({ err: error, requestId: request.id, problem }, title);
    if (status === 503) response.set('Retry-After', RETRY_AFTER_S);
    response
      .status(status)
      .set(options.headers ?? {})
      .type('application/problem+json')
      .send(
        JSON.stringify({
          type: `/problems/${problem}`,
          title,
          status,
          detail,
          instance: request.originalUrl,
          requestId: request.id,
          ...(options.errors && { errors: options.errors }),
        }),
      );
  };
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof SagaStarterFull) {
    return new Problem('overloaded', 'Nothing was started for this order; send it again later.');
  }
  if (error instanceof SagaStartFailed) {
    return new Problem('temporal-unavailable', 'Send the order again with the same Idempotency-Key: it is placed once.');
  }
  if (databaseIsAway(error)) return new Problem('database-unavailable', 'Send the request again later.');
  return bodyProblem(error) ?? new Problem('internal', 'The error was logged under the requestId.');
}

/** What express's body parser throws carries a `type`. */
function bodyProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('type' in error)) return undefined;
  switch (error.type) {
    case 'entity.too.large':
      return new Problem('too-large', 'The body is larger than 16 KiB.');
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new Problem('unsupported-media-type', 'The body has to be UTF-8 and not compressed in an unknown way.');
    case 'entity.parse.failed':
    case 'entity.verify.failed':
    case 'request.size.invalid':
    case 'request.aborted':
      return new Problem('malformed-request', 'The body is not valid JSON.');
    default:
      return undefined;
  }
}

const AWAY = /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|time(d )?out|terminat|not accepting|starting up|shutting down|DatabaseNotReachable|ConnectionClosed|Can't reach|too many (clients|connections)|recovery/i;

function databaseIsAway(error: unknown): boolean {
  if (!(error instanceof Error) || !/^PrismaClient|DriverAdapter/.test(error.name)) return false;
  return AWAY.test(`${error.message} ${JSON.stringify('meta' in error ? error.meta : {})}`);
}
