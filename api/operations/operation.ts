/** The description of an HTTP operation, and of the headers that several operations use. */
import { z } from 'zod';
import { MAX_WAIT_S } from '../http/prefer';
import type { Scope } from '../http/principal';
import type { ProblemName } from '../http/problems';

export interface Operation {
  readonly service: 'orders' | 'customers' | 'events' | 'history' | 'codec';
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** What an access token must allow: all of them. */
  readonly scopes: readonly [Scope, ...Scope[]];
  /**
   * What a token of one customer reaches: operations on a path that starts with this customer (`path`), its own orders,
   * which the route checks (`checked`), or nothing (`refused`).
   */
  readonly forOneCustomer: 'path' | 'checked' | 'refused';
  readonly query?: z.ZodObject<Readonly<Record<string, z.ZodType>>>;
  readonly headers?: Readonly<Record<string, HeaderParameter>>;
  readonly body?: z.ZodType;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  readonly problems: readonly ProblemName[];
}

interface HeaderParameter {
  readonly description: string;
  readonly schema: z.ZodType;
}

interface Answer {
  readonly description: string;
  /** Absent: the answer has no body. */
  readonly schema?: z.ZodType;
  readonly location?: true;
}

export const IDEMPOTENCY_KEY: HeaderParameter = {
  description:
    'Visible ASCII. A repeated request gets the order as it is now, with the status of the first answer (likewise a customer); with another body it gets 422.',
  schema: z.string().min(1).max(255),
};

export const CANCELLATION_KEY: HeaderParameter = {
  description:
    'Visible ASCII. The first key cancels the order. A repeated request with it gets the order as it is now; another key gets 409.',
  schema: z.string().min(1).max(255),
};

export const IF_MATCH: HeaderParameter = {
  description:
    'ETag of the order as the client has seen it, or `*`: the order is cancelled only if it is still that version (RFC 9110).',
  schema: z.string(),
};

export const PREFER: HeaderParameter = {
  description: `\`wait=N\`: waits up to N seconds, at most ${String(MAX_WAIT_S)}, for the outcome (RFC 7240).`,
  schema: z.string().meta({ examples: ['wait=5'] }),
};

export const X_NAMESPACE: HeaderParameter = {
  description: 'Namespace of the payloads. Payloads of another one than that of the sagas get 404.',
  schema: z.string(),
};
