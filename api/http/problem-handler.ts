/** The last handlers of the application: convert each error into a problem that exposes no internals. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { isDatabaseUnavailable } from './database-errors';
import { Problem, type ProblemJson, type ProblemName, PROBLEMS } from './problems';
import { shortRetryAfter } from './retry-after';

/** Expected under load and at a shutdown. They are frequent and need no investigation, so they are not logged as errors. */
const REJECTIONS: readonly ProblemName[] = [
  'stopping',
  'overloaded',
  'too-many-streams',
  'order-history-incomplete',
];

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

export const problemHandler: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const { problem, detail, errors, headers, more } = asProblem(error);
  const { status, title } = PROBLEMS[problem];
  if (status >= 500 && !REJECTIONS.includes(problem)) request.log.error({ err: error, problem }, title);
  if (status === 503) response.set('Retry-After', String(shortRetryAfter()));
  const body: ProblemJson = {
    type: `/problems/${problem}`,
    title,
    status,
    detail,
    instance: request.path,
    requestId: String(response.getHeader('X-Request-Id')),
    ...(errors && { errors: [...errors] }),
    ...more,
  };
  // Not `response.json`: it adds a charset, which application/problem+json does not have.
  response
    .status(status)
    .set({ ...headers, 'Content-Type': 'application/problem+json' })
    .end(JSON.stringify(body));
};

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isDatabaseUnavailable(error))
    return new Problem('database-unavailable', 'Send the request again later.');
  return asRequestProblem(error) ?? new Problem('internal', 'The error was logged under the requestId.');
}

/** Errors of express and its body parser about a request have a `status`; those about a body also have a `type`. */
function asRequestProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  const type = 'type' in error ? error.type : undefined;
  if (error.status === 413) return new Problem('too-large', 'Send a smaller body.');
  if (error.status === 415) {
    return new Problem(
      'unsupported-media-type',
      'Send the body as UTF-8, uncompressed or with gzip, deflate or br.',
    );
  }
  if (error.status < 400 || error.status >= 500) return undefined;
  const detail =
    type === 'entity.parse.failed'
      ? 'The body is not a JSON object.'
      : 'The path or the body is truncated or has an invalid encoding.';
  return new Problem('malformed-request', detail);
}
