/** The description of an HTTP operation, and of the headers that several operations use. */
import { z } from 'zod';
import { MAX_WAIT_S } from '../http/prefer';
import type { ProblemName } from '../http/problems';

export interface Operation {
  readonly service: 'orders' | 'customers' | 'events' | 'history';
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
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
  readonly schema: z.ZodType;
  readonly location?: true;
}

export const IDEMPOTENCY_KEY: HeaderParameter = {
  description:
    'Visible ASCII. A repeated request with the same key and body gets the same answer; with another body it gets 422.',
  schema: z.string().min(1).max(255),
};

export const CANCELLATION_KEY: HeaderParameter = {
  description:
    'Visible ASCII. A repeated request with the same key gets the same answer, also after the cancellation.',
  schema: z.string().min(1).max(255),
};

export const PREFER: HeaderParameter = {
  description: `\`wait=N\`: waits up to N seconds, at most ${String(MAX_WAIT_S)}, for the outcome (RFC 7240).`,
  schema: z.string().meta({ examples: ['wait=5'] }),
};
