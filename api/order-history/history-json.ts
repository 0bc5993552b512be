/** The order history over HTTP. */
import { z } from 'zod';
import type { HistoryPage } from '../../projections/order-history/read';
import { accountJson, accountSchema } from '../customers/customer-json';
import { moneyJson, moneyJsonSchema } from '../http/money';
import { pageOf } from '../http/pagination';
import { startsAfterSchema } from '../http/problems';
import { pageParameters, timeSchema } from '../http/schemas';

export const historyQuery = z.strictObject({
  ...pageParameters,
  includes: z
    .string()
    .max(500)
    .optional()
    .meta({
      description:
        'The ETag of an earlier answer, or a cursor of the feed. With `Prefer: wait`, waits until the history includes it.',
      pattern: '^("?[0-9a-f-]{36}\\.\\d{1,9}"?|[A-Za-z0-9_-]+)$',
      examples: ['"01a2099b-7834-710d-82ac-86033c7036d1.2"'],
    }),
});

const asOfSchema = z.object({
  time: timeSchema.nullable().meta({
    description:
      'The history includes everything that was committed by this time, in both services; null while it is unknown, and while the history is not complete.',
  }),
  lagMs: z.int().nullable().meta({ description: 'Age of `time`, milliseconds.' }),
  cursor: z.string().nullable().meta({ description: 'The cursor of the feed that the history has reached.' }),
  generation: z.int().meta({ description: 'Increases with each rebuild.' }),
  setAside: z.int().meta({ description: 'Number of events that were set aside: they have no effect.' }),
  setAsideFirst: z
    .array(z.object({ source: z.string(), id: z.string(), type: z.string(), reason: z.string() }))
    .meta({ description: 'The first twenty of these events, each with the reason.' }),
  recovering: z.boolean().meta({
    description:
      'true after a service was restored from an older backup, while the history reads the feed from its start. Until then it answers with its previous content.',
  }),
  complete: z.boolean().meta({
    description:
      'false: events were pruned before the history read them, so customers, orders and amounts may be missing or old. `npm run repair` completes it.',
  }),
  startsAfter: startsAfterSchema.meta({
    description:
      'By service (the end of `source`): the history has not received the events up to this `sequence`, so the `events` of an order lack them. Empty when it has received all.',
  }),
});

export const historySchema = z.object({
  customer: accountSchema,
  orders: z.object({
    items: z
      .array(
        z.object({
          orderId: z.guid(),
          orderTotal: moneyJsonSchema,
          state: z.string(),
          cancellationReason: z.string().optional(),
          createdAt: timeSchema,
          updatedAt: timeSchema,
          events: z
            .array(
              z.object({ type: z.string(), source: z.string(), aggregateversion: z.int(), time: timeSchema }),
            )
            .meta({
              description:
                'The events of the order, from both services. Events that were pruned before the history read them are missing.',
            }),
        }),
      )
      .meta({ description: 'Newest first.' }),
    nextCursor: z.string().nullable(),
  }),
  asOf: asOfSchema.meta({ description: 'How current the history is.' }),
});

export function historyJson(
  { orders, asOf }: HistoryPage,
  customer: NonNullable<HistoryPage['customer']>,
  limit: number,
): z.infer<typeof historySchema> {
  return {
    customer: accountJson(customer),
    orders: pageOf(orders, limit, (order) => ({
      orderId: order.id,
      orderTotal: moneyJson(Number(order.totalMinor), order.currency),
      state: order.state,
      ...(order.cancellationReason !== null && { cancellationReason: order.cancellationReason }),
      createdAt: order.createdAt.toISOString(),
      updatedAt: order.updatedAt.toISOString(),
      events: order.events.map(({ type, source, sequence, time }) => ({
        type,
        source,
        aggregateversion: sequence,
        time: time.toISOString(),
      })),
    })),
    asOf: {
      time: asOf.followedTo?.toISOString() ?? null,
      lagMs: asOf.followedTo === null ? null : Math.max(Date.now() - asOf.followedTo.getTime(), 0),
      cursor: asOf.cursor,
      generation: asOf.generation,
      setAside: asOf.setAside,
      setAsideFirst: [...asOf.setAsideFirst],
      recovering: asOf.recovering,
      complete: asOf.complete,
      startsAfter: asOf.startsAfter,
    },
  };
}
