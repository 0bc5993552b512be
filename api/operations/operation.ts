/** The description of an HTTP operation, and of the headers that several operations use. */
import { z } from 'zod';
import { KEY } from '../http/idempotency';
import { IF_MATCH_VALUE } from '../http/if-match';
import { MAX_WAIT_S } from '../http/prefer';
import type { AnswerHeader } from './openapi-headers';
import type { Scope } from '../http/principal';
import type { ProblemName } from '../http/problems';

/** What the documentation says of an operation. */
export interface DescribedOperation {
  readonly service: 'orders' | 'customers' | 'events' | 'history' | 'codec' | 'process';
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** Absent: a public operation, which needs no access token. */
  readonly scopes?: readonly Scope[];
  /** Default: `id`, a UUID. */
  readonly pathParameters?: Parameters;
  readonly query?: Parameters;
  readonly headers?: Readonly<Record<string, HeaderParameter>>;
  readonly body?: z.ZodType;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  readonly problems: readonly ProblemName[];
}

type Parameters = z.ZodObject<Readonly<Record<string, z.ZodType>>>;

/** An operation of a service, for clients with an access token. */
export interface Operation extends DescribedOperation {
  readonly service: Exclude<DescribedOperation['service'], 'process'>;
  /** What an access token must allow: all of them. */
  readonly scopes: readonly [Scope, ...Scope[]];
  /**
   * What a token of one customer reaches: operations on a path that starts with this customer (`path`), its own orders,
   * which the route checks (`checked`), or nothing (`refused`).
   */
  readonly forOneCustomer: 'path' | 'checked' | 'refused';
}

interface HeaderParameter {
  readonly description: string;
  readonly schema: z.ZodType;
}

export interface Answer {
  readonly description: string;
  /** Absent: the answer has no body. */
  readonly schema?: z.ZodType;
  /** Default: `application/json`. */
  readonly mediaType?: string;
  /** What a client may accept instead: a text. */
  readonly orElse?: { readonly mediaType: string; readonly schema: z.ZodType };
  /** Besides those of every answer. */
  readonly headers?: readonly AnswerHeader[];
}

export const IDEMPOTENCY_KEY: HeaderParameter = {
  description:
    'Visible ASCII. A repeated request gets the order as it is now, with the status of the first answer (likewise a customer); with another body it gets 422.',
  schema: z
    .string()
    .min(1)
    .max(255)
    .regex(KEY)
    .meta({ examples: ['7c1d5f8e-order-1'] }),
};

export const CANCELLATION_KEY: HeaderParameter = {
  description:
    'Visible ASCII. The first key cancels the order. A repeated request with it gets the order as it is now; another key gets 409.',
  schema: z
    .string()
    .min(1)
    .max(255)
    .regex(KEY)
    .meta({ examples: ['7c1d5f8e-cancel-1'] }),
};

export const IF_MATCH: HeaderParameter = {
  description:
    'ETag of the order as the client has seen it, or `*`: the order is cancelled only if it is still that version (RFC 9110).',
  schema: z
    .string()
    .regex(IF_MATCH_VALUE)
    .meta({ examples: ['"01a2099b-7834-710d-82ac-86033c7036d1.2"'] }),
};

export const PREFER: HeaderParameter = {
  description: `\`wait=N\`: waits up to N seconds, at most ${String(MAX_WAIT_S)}, for the outcome (RFC 7240).`,
  schema: z.string().meta({ examples: ['wait=5'] }),
};

export const X_NAMESPACE: HeaderParameter = {
  description: 'Namespace of the payloads. Payloads of another one than that of the sagas get 404.',
  schema: z.string().meta({ examples: ['default'] }),
};
