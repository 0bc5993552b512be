/** The last handlers of the application: whatever was thrown becomes a problem; nothing of ours leaks. */
import { randomInt } from 'node:crypto';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { databaseIsAway } from './database-errors';
import { Problem, type ProblemJson, type ProblemName, PROBLEMS } from './problems';

/**
 * 1 to 3 s: a restart of a database or of Temporal takes a few; asking sooner would not help. Drawn, so that those who were
 * refused at once do not come back at once.
 */
const RETRY_AFTER_S = { least: 1, most: 3 };

/** Said by the process because it is to say so: under load there are many, and nobody has anything to look into. */
const REFUSALS: readonly ProblemName[] = [
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
  if (status >= 500 && !REFUSALS.includes(problem)) request.log.error({ err: error, problem }, title);
  if (status === 503)
    response.set('Retry-After', String(randomInt(RETRY_AFTER_S.least, RETRY_AFTER_S.most + 1)));
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
  // express adds a charset to what it serialises itself; application/problem+json has none.
  response
    .status(status)
    .set({ ...headers, 'Content-Type': 'application/problem+json' })
    .end(JSON.stringify(body));
};

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (databaseIsAway(error)) return new Problem('database-unavailable', 'Send the request again later.');
  return unreadable(error) ?? new Problem('internal', 'The error was logged under the requestId.');
}

/** What express and its body parser throw about a request carries a status, and of a body also a `type`. */
function unreadable(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  const type = 'type' in error ? error.type : undefined;
  if (error.status === 413) return new Problem('too-large', 'Send a smaller body.');
  if (error.status === 415) {
    return new Problem('unsupported-media-type', 'Send the body as UTF-8, plain or in gzip, deflate or br.');
  }
  if (error.status < 400 || error.status >= 500) return undefined;
  const detail =
    type === 'entity.parse.failed'
      ? 'The body is not a JSON object.'
      : 'Its path or its body is cut short or wrongly encoded.';
  return new Problem('malformed-request', detail);
}
