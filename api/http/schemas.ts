/** What comes in and what goes out. The same schemas validate, type and describe. */
import { z } from 'zod';
import { CANCELLATION_REASONS, ORDER_STATES } from '../../domain/order';
import { EVENT_SOURCES } from '../../domain/events';
import { cloudEventSchema } from '../../events/cloud-event';
import { EVENT_TYPE_NAMES } from '../../events/event-types';
import { moneyJsonSchema, moneySchema } from './money';
import { startsAfterSchema } from './problems';

/** 100 orders are about 40 KB: bounds the work and the answer of one read. */
const PAGE_MAX = 100;
const PAGE_DEFAULT = 20;

/** Anything but control characters and halves of surrogate pairs, which the database cannot hold. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

/** Lower case, as the database says it: one thing has one path and one spelling. */
const id = z.guid('must be a UUID').toLowerCase();

export const newCustomerBody = z.strictObject({
  name: z.string().trim().min(1).max(200).regex(PRINTABLE, 'must not contain control characters'),
  creditLimit: moneySchema(0),
});

export const newOrderBody = z.strictObject({ customerId: id, orderTotal: moneySchema(1) });

export const idParameters = z.strictObject({ id });

const limitUpTo = (max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${String(max)}`)
    .transform(Number)
    .pipe(z.int().min(1).max(max))
    .default(fallback)
    .meta({ description: `1 to ${String(max)}, ${String(fallback)} when not given.` });

const page = {
  limit: limitUpTo(PAGE_MAX, PAGE_DEFAULT),
  cursor: z.string().max(200).optional().meta({ description: '`nextCursor` of the page before.' }),
};
const state = z.enum(ORDER_STATES).optional();

/** 500 events are about 300 KB. */
const EVENT_PAGE_MAX = 500;
const EVENT_PAGE_DEFAULT = 100;

export const ordersQuery = z.strictObject({ customerId: id.optional(), state, ...page });
export const customerOrdersQuery = z.strictObject({ state, ...page });

/** ISO 8601 in UTC with milliseconds. */
const time = z.iso.datetime({ precision: 3 });

export const orderSchema = z.object({
  orderId: z.guid(),
  customerId: z.guid(),
  orderTotal: moneyJsonSchema,
  state: z.enum(ORDER_STATES),
  cancellationReason: z.enum(CANCELLATION_REASONS).optional().meta({ description: 'Why, when CANCELLED.' }),
  createdAt: time,
  updatedAt: time,
  links: z.object({
    self: z.string(),
    temporal: z.string().meta({ description: "The order's saga in the Temporal UI." }),
  }),
});

export const orderWithAttentionSchema = orderSchema.extend({
  attention: z
    .array(z.object({ step: z.string(), reason: z.string(), since: time }))
    .exactOptional()
    .meta({ description: 'Steps of its saga that must succeed and keep failing; they are tried on.' }),
  givenUp: z
    .object({ step: z.string(), by: z.string(), reason: z.string(), at: time })
    .exactOptional()
    .meta({ description: 'The step that an operator gave up last; the order stays as it was.' }),
});

export const orderPageSchema = z.object({
  items: z.array(orderSchema).meta({ description: 'Newest first.' }),
  nextCursor: z.string().nullable().meta({ description: 'null on the last page.' }),
});

export const customerSchema = z.object({
  customerId: z.guid(),
  name: z.string(),
  creditLimit: moneyJsonSchema,
  reserved: moneyJsonSchema.meta({ description: 'Held by orders that are approved or being decided.' }),
  available: moneyJsonSchema,
});

export const eventsQuery = z.strictObject({
  after: z.string().max(500).optional().meta({
    description: 'A cursor of this feed: reads on after it. Without it, from where the feed starts.',
  }),
  limit: limitUpTo(EVENT_PAGE_MAX, EVENT_PAGE_DEFAULT),
  type: z
    .string()
    .transform((list) => list.split(','))
    .pipe(z.array(z.enum(EVENT_TYPE_NAMES)))
    .optional()
    .meta({ description: 'Only these types, separated by commas.' }),
  subject: id.optional().meta({ description: 'Only events of this order or customer.' }),
});

export const eventSchemaParameters = z.strictObject({
  type: z.enum(EVENT_TYPE_NAMES),
  version: z.string().regex(/^[1-9]\d{0,3}$/, 'must be a whole number from 1'),
});

export const eventPageSchema = z.object({
  items: z.array(cloudEventSchema),
  nextCursor: z.string().meta({ description: 'Pass it as `after`, also when there are no more items now.' }),
  completeTo: z.partialRecord(z.enum(EVENT_SOURCES), time).meta({
    description:
      'By source: everything that had been committed by then is in the pages up to this one. Absent while there is more, or the service cannot be asked.',
  }),
  startsAfter: startsAfterSchema,
  unavailable: z
    .array(z.enum(EVENT_SOURCES))
    .optional()
    .meta({ description: 'Services that could not be asked now; their events come later.' }),
});

export const historyQuery = z.strictObject({
  ...page,
  includes: z.string().max(500).optional().meta({
    description:
      'The ETag of an earlier answer, or a cursor of the feed: with `Prefer: wait` until the history has it.',
  }),
});

export const historySchema = z.object({
  customer: customerSchema,
  orders: z.object({
    items: z
      .array(
        z.object({
          orderId: z.guid(),
          orderTotal: moneyJsonSchema,
          state: z.string(),
          cancellationReason: z.string().optional(),
          createdAt: time,
          updatedAt: time,
          events: z
            .array(z.object({ type: z.string(), source: z.string(), aggregateversion: z.int(), time }))
            .meta({
              description:
                'What the order went through, in both services. Events that were pruned before the history could read them are missing.',
            }),
        }),
      )
      .meta({ description: 'Newest first.' }),
    nextCursor: z.string().nullable(),
  }),
  asOf: z
    .object({
      time: time.nullable().meta({
        description:
          'Everything that had been committed by then, in both services, is in; null until that is known, and while the history is not complete.',
      }),
      lagMs: z.int().nullable().meta({ description: 'How long ago that was, milliseconds.' }),
      cursor: z.string().nullable().meta({ description: 'Of the feed: how far it was followed.' }),
      generation: z.int().meta({ description: 'Of the view; grows with each rebuild.' }),
      setAside: z
        .int()
        .meta({ description: 'Events that have no effect, because they could not be understood.' }),
      setAsideFirst: z
        .array(z.object({ source: z.string(), id: z.string(), type: z.string(), reason: z.string() }))
        .meta({ description: 'The first twenty of them, each with the reason.' }),
      recovering: z.boolean().meta({
        description:
          'A service was restored from an older backup: the history follows from the start, and answers as it was until then.',
      }),
      complete: z.boolean().meta({
        description:
          'false: events were pruned before the history could read them, and customers, orders and amounts may be missing or old. `npm run repair` completes it.',
      }),
      startsAfter: startsAfterSchema.meta({
        description:
          'By service (the end of `source`): the history has not received the events up to this `sequence`, so the `events` of an order lack them. Empty when it has received all.',
      }),
    })
    .meta({ description: 'How far the history has followed.' }),
});

export const customerQuery = z.strictObject({
  include: z.literal('orders').optional().meta({
    description: 'Also the newest orders, asked from the order service at once (API composition).',
  }),
});

export const customerWithOrdersSchema = z.object({
  ...customerSchema.shape,
  orders: orderPageSchema.optional().meta({ description: 'With `include=orders`.' }),
});
