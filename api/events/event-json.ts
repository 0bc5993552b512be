/** The event feed over HTTP. */
import { z } from 'zod';
import { EVENT_SOURCES } from '../../domain/events';
import { encodeCursor } from '../../events/cursor';
import { cloudEventSchema } from '../../events/cloud-event';
import { EVENT_TYPE_NAMES } from '../../events/event-types';
import { startsAfterSchema } from '../http/problems';
import { CURSOR_PATTERN, idSchema, limitSchema, timeSchema } from '../http/schemas';

/** 500 events are about 300 KB. */
const PAGE_MAX = 500;
const PAGE_DEFAULT = 100;

const ANY_TYPE = EVENT_TYPE_NAMES.join('|');

/** Well-formed; but a cursor is valid for one installation. */
export const FEED_CURSOR_EXAMPLE = encodeCursor({
  '/order-service': {
    feedId: 'dbf26776-8198-443b-aec7-ab02d863cb69',
    position: 2n,
    eventId: '2-1795610863810066',
  },
});

export const eventsQuery = z.strictObject({
  after: z
    .string()
    .max(500)
    .optional()
    .meta({
      description:
        'A cursor of this feed: reads the events after it. Without it, from the start of the feed.',
      pattern: CURSOR_PATTERN,
      examples: [FEED_CURSOR_EXAMPLE],
    }),
  limit: limitSchema(PAGE_MAX, PAGE_DEFAULT),
  type: z
    .string()
    .transform((list) => list.split(','))
    .pipe(z.array(z.enum(EVENT_TYPE_NAMES)))
    .optional()
    .meta({
      description: 'Only these types, separated by commas.',
      examples: ['OrderApproved,OrderCancelled'],
      pattern: `^(${ANY_TYPE})(,(${ANY_TYPE}))*$`,
    }),
  subject: idSchema.optional().meta({ description: 'Only events of this order or customer.' }),
});

export const eventSchemaParameters = z.strictObject({
  type: z.enum(EVENT_TYPE_NAMES),
  version: z.string().regex(/^[1-9]\d{0,3}$/, 'must be a whole number from 1'),
});

export const eventPageSchema = z.object({
  items: z.array(cloudEventSchema),
  nextCursor: z
    .string()
    .meta({ description: 'Pass it as `after` for the next page, also when there are no more events yet.' }),
  completeTo: z.partialRecord(z.enum(EVENT_SOURCES), timeSchema).meta({
    description:
      'By source: this page and those before it have everything that was committed by this time. Absent while there is more, or while the service is unavailable.',
  }),
  startsAfter: startsAfterSchema,
  unavailable: z
    .array(z.enum(EVENT_SOURCES))
    .optional()
    .meta({ description: 'Unavailable services; later pages will have their events.' }),
});

export const eventStreamSchema = z.string().meta({
  description:
    'Server-sent events: `id` is a cursor of the feed, `event` the type, and `data` the CloudEvent as JSON. `retry` comes first, and a comment at least every 15 s.',
});
