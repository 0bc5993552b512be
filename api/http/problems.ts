/** All error answers of the API, by name: RFC 9457 problem details. */
import { z } from 'zod';
import { EVENT_SOURCES } from '../../domain/events';
import { SEQUENCE } from '../../events/sequence';

export const PROBLEMS = {
  'malformed-request': { status: 400, title: 'The request cannot be read' },
  'invalid-request': { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'The request needs a valid access token' },
  'insufficient-scope': { status: 403, title: 'The access token does not allow the operation' },
  'foreign-host': { status: 421, title: 'The Host is not this machine' },
  'foreign-origin': { status: 403, title: 'The page may not call the API' },
  'not-found': { status: 404, title: 'The resource does not exist' },
  'not-acceptable': { status: 406, title: 'The resource has no representation that the client accepts' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'order-cancelled': { status: 409, title: 'The order is already cancelled' },
  'cursor-too-old': { status: 410, title: 'The events after the cursor were pruned' },
  'cursor-of-lost-events': { status: 410, title: 'Events before the cursor are lost' },
  'method-not-allowed': { status: 405, title: 'The resource does not allow the method' },
  'precondition-failed': { status: 412, title: 'The resource is not as If-Match requires' },
  'too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used with a different body' },
  'payload-not-decoded': { status: 422, title: 'The payload cannot be decoded' },
  'expectation-failed': { status: 417, title: 'The Expect header cannot be met' },
  'too-many-requests': { status: 429, title: 'The client sends too many requests' },
  'too-many-open-orders': { status: 429, title: 'The customer has too many undecided orders' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  stopping: { status: 503, title: 'The process is stopping' },
  overloaded: { status: 503, title: 'Too many orders are in progress' },
  'too-many-streams': { status: 503, title: 'Too many event streams are open' },
  'too-many-readers': { status: 503, title: 'Too many readers' },
  'read-timeout': { status: 503, title: 'The read took too long' },
  'temporal-unavailable': { status: 503, title: 'Temporal is unavailable' },
  'customer-service-unavailable': { status: 503, title: 'The customer service is unavailable' },
  'order-history-incomplete': { status: 503, title: 'The order history lacks events that were pruned' },
  'order-history-unavailable': { status: 503, title: 'The order history is unavailable' },
  'identity-provider-unavailable': { status: 503, title: 'The identity provider is unavailable' },
  'database-unavailable': { status: 503, title: 'The database is unavailable' },
  internal: { status: 500, title: 'The server has failed' },
} as const;

export type ProblemName = keyof typeof PROBLEMS;

const partErrorSchema = z.object({
  pointer: z
    .string()
    .meta({ description: 'JSON pointer (RFC 6901) to the invalid part; "" is the whole document.' }),
  detail: z.string(),
});

/** The error in one part of a body or a query. */
export type PartError = z.infer<typeof partErrorSchema>;

/** Where the feed starts. */
export const startsAfterSchema = z.partialRecord(z.enum(EVENT_SOURCES), z.string().regex(SEQUENCE)).meta({
  description:
    'By service (the end of `source`): the feed starts after this `sequence`, because earlier events were pruned; zeros without pruning. Absent while the service is unavailable.',
});

export const problemSchema = z.object({
  type: z
    .string()
    .meta({ description: 'Stable identifier of the problem.', examples: ['/problems/invalid-request'] }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().meta({ description: 'Path of the request.' }),
  requestId: z.string().meta({ description: 'The service logs the request with this id.' }),
  errors: z.array(partErrorSchema).optional(),
  startsAfter: startsAfterSchema.exactOptional(),
});

export type ProblemJson = z.infer<typeof problemSchema>;

interface ProblemOptions extends ErrorOptions {
  readonly errors?: readonly PartError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Additional members of the answer. */
  readonly more?: Pick<ProblemJson, 'startsAfter'>;
}

/** Thrown by a handler to answer with a problem. Clients see `detail`; only the log has the cause. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly errors: readonly PartError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly more: Pick<ProblemJson, 'startsAfter'>;

  constructor(
    readonly problem: ProblemName,
    readonly detail: string,
    { errors, headers = {}, more = {}, ...options }: ProblemOptions = {},
  ) {
    super(`${problem}: ${detail}`, options);
    this.errors = errors;
    this.headers = headers;
    this.more = more;
  }
}
