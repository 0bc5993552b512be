/** The overview of the order service over HTTP. */
import { z } from 'zod';
import { timeSchema } from '../http/schemas';
import type { Outcome } from './saga-list-json';

const count = z.int().min(0);

const outcomesSchema = z.object({
  approved: count,
  INSUFFICIENT_CREDIT: count,
  UNKNOWN_CUSTOMER: count,
  CURRENCY_MISMATCH: count,
  CREDIT_CHECK_TIMEOUT: count,
  CREDIT_CHECK_FAILED: count,
  CUSTOMER_REQUEST: count,
} satisfies Record<Exclude<Outcome, 'open'>, z.ZodType>);

const ordersSchema = z.object({
  openByState: z.object({ PENDING: count, CANCELLING: count }).meta({ description: 'At most 10,000 each.' }),
  decidedPerMinute: z.number().min(0).meta({
    description: 'Orders that were approved, refused or cancelled before their approval, in the last minute.',
  }),
  outcomes: z.object({ lastHour: outcomesSchema, lastDay: outcomesSchema }).meta({
    description: 'Of the orders that were placed since, at most 100,000 each. An order counts as it is now.',
  }),
});

const decisionSchema = z.object({
  orders: count.meta({ description: 'How many of the newest decided orders were measured.' }),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});

const limitSchema = z.object({
  name: z.string().meta({
    description: 'As in /metrics.',
    examples: ['order_saga_database_connections{database="order"}'],
  }),
  used: z.number(),
  limit: z.number(),
});

export const overviewSchema = z
  .object({
    at: timeSchema,
    orders: ordersSchema.exactOptional(),
    decision: decisionSchema.exactOptional(),
    groups: z.object({ underWay: count, limit: count, waiting: count }).exactOptional(),
    sagas: z
      .object({
        parked: count.meta({ description: 'Sagas with a parked step, counted every 5 s.' }),
        running: count,
      })
      .exactOptional(),
    outbox: z
      .object({
        relayLagMs: z
          .number()
          .min(0)
          .meta({ description: 'Age of the oldest event that is not published yet.' }),
        unpublished: z
          .record(z.string(), count)
          .meta({ description: 'By service of this process, at most 10,000 each.' }),
      })
      .exactOptional(),
    projection: z
      .object({ lagMs: z.number().min(0).nullable() })
      .exactOptional()
      .meta({
        description:
          'Of the order history: null while it is not known. Absent in a process that does not run it.',
      }),
    limits: z.array(limitSchema).meta({ description: 'The limits of this process, and their use.' }),
    unavailable: z
      .array(z.string())
      .meta({ description: 'The checks of /readyz that fail, and what did not answer in time.' }),
  })
  .meta({ description: 'What did not answer is absent.' });

export type Overview = z.infer<typeof overviewSchema>;
export type OrdersOverview = z.infer<typeof ordersSchema>;
export type DecisionOverview = z.infer<typeof decisionSchema>;
export type LimitUse = z.infer<typeof limitSchema>;
export type OutcomeCounts = z.infer<typeof outcomesSchema>;
