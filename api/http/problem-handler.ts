/** The last handlers of the application: convert each error into a problem that exposes no internals. */
import { setTimeout } from 'node:timers/promises';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { CallerLeft } from './caller';
import { isDatabaseUnavailable, isStatementTimeout } from './database-errors';
import { wantsStream } from './negotiation';
import { Problem, type ProblemJson, type ProblemName, PROBLEMS } from './problems';
import { shortRetryAfter } from './retry-after';

/** Expected under load and at a shutdown. They are frequent and need no investigation, so they are not logged as errors. */
const REJECTIONS: readonly ProblemName[] = [
  'stopping',
  'overloaded',
  'too-many-streams',
  'too-many-readers',
  'order-history-incomplete',
];

const PROBLEM_TYPE = 'application/problem+json';

export const notFound: RequestHandler = () => {
  throw new Problem('not-found', 'No resource has this path.');
};

/**
 * Answers OPTIONS, and rejects the other methods.
 *
 * @param methods those that the routes before it handle
 */
export function otherMethods(...methods: readonly string[]): RequestHandler {
  const Allow = [...methods, 'OPTIONS'].join(', ');
  return (request, response) => {
    if (request.method !== 'OPTIONS')
      throw new Problem('method-not-allowed', `${request.method} is not one of ${Allow}.`, {
        headers: { Allow },
      });
    response.status(204).set({ Allow }).end();
  };
}

/**
 * 1 s, the shortest Retry-After: a client above its limits that sends its next request with the answer of the last one would
 * otherwise take a processor with requests that are refused. It delays nobody else.
 */
const REFUSAL_DELAY_MS = 1_000;

export const problemHandler: ErrorRequestHandler = async (error: unknown, request, response, next) => {
  // Nobody reads an answer.
  if (error instanceof CallerLeft) return;
  if (response.headersSent) {
    next(error);
    return;
  }
  const { problem, detail, errors, headers, more } = asProblem(error);
  const { status, title } = PROBLEMS[problem];
  if (status >= 500 && !REJECTIONS.includes(problem)) request.log.error({ err: error, problem }, title);
  if (status === 503) response.set('Retry-After', String(shortRetryAfter()));
  response.set(headers);
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
  if (status === 429) await setTimeout(REFUSAL_DELAY_MS, undefined, { ref: false });
  if (status === 503 && wantsStream(request)) refuseStream(response, body);
  // Not `response.json`: it adds a charset, which application/problem+json does not have.
  else response.status(status).set('Content-Type', PROBLEM_TYPE).end(JSON.stringify(body));
};

/**
 * An EventSource of a browser never reconnects after a status other than 200. After a 200 it does so `retry` milliseconds
 * after the end of the stream, with its last event id.
 */
function refuseStream(response: Response, problem: ProblemJson): void {
  const retryMs = Number(response.getHeader('Retry-After')) * 1_000;
  response
    .status(200)
    .set('Content-Type', 'text/event-stream')
    .end(`retry: ${String(retryMs)}\nevent: problem\ndata: ${JSON.stringify(problem)}\n\n`);
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isStatementTimeout(error))
    return new Problem('read-timeout', 'Send the request again later, or ask for less.');
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
