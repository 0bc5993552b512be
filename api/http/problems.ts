/** What can go wrong, by name; every error answer is one of these, as RFC 9457 problem details. */
import { z } from 'zod';
import { EVENT_SOURCES } from '../../domain/events';
import { SEQUENCE } from '../../events/sequence';

export const PROBLEMS = {
  'malformed-request': { status: 400, title: 'The request cannot be read' },
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'order-cancelled': { status: 409, title: 'The order is cancelled already' },
  'cursor-too-old': { status: 410, title: 'The events after the cursor are not kept any more' },
  'cursor-of-lost-events': { status: 410, title: 'Events before the cursor are lost' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body has to be application/json' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used with another body' },
  stopping: { status: 503, title: 'This process is about to stop' },
  overloaded: { status: 503, title: 'Too many orders are under way' },
  'too-many-streams': { status: 503, title: 'Too many event streams are open' },
  'temporal-unavailable': { status: 503, title: 'Sagas cannot be started at the moment' },
  'customer-service-unavailable': {
    status: 503,
    title: 'The customer service does not answer at the moment',
  },
  'order-history-incomplete': { status: 503, title: 'The order history lacks events that were pruned' },
  'order-history-unavailable': { status: 503, title: 'The order history does not answer at the moment' },
  'database-unavailable': { status: 503, title: 'The database does not answer at the moment' },
  internal: { status: 500, title: 'Something went wrong on our side' },
} as const;

export type ProblemName = keyof typeof PROBLEMS;

const partErrorSchema = z.object({
  pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) to the part; "" is the whole.' }),
  detail: z.string(),
});

/** What is wrong with one part of a body or a query. */
export type PartError = z.infer<typeof partErrorSchema>;

/** Where the feed starts. */
export const startsAfterSchema = z.partialRecord(z.enum(EVENT_SOURCES), z.string().regex(SEQUENCE)).meta({
  description:
    'By service (the end of `source`): the feed starts after this `sequence`, and the events up to it were pruned; zeros when none were. Absent while the service is unavailable.',
});

export const problemSchema = z.object({
  type: z
    .string()
    .meta({ description: 'Stable name of the problem.', examples: ['/problems/invalid-request'] }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().meta({ description: 'Path of the request.' }),
  requestId: z.string().meta({ description: 'Under this id the service has logged the request.' }),
  errors: z.array(partErrorSchema).optional(),
  startsAfter: startsAfterSchema.exactOptional(),
});

export type ProblemJson = z.infer<typeof problemSchema>;

interface ProblemOptions extends ErrorOptions {
  readonly errors?: readonly PartError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** What else the answer says. */
  readonly more?: Pick<ProblemJson, 'startsAfter'>;
}

/** Thrown by a handler to answer with a problem; callers read `detail`, only the log sees the cause. */
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
