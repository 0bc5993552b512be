/** The published events of a service that runs elsewhere, read from its own feed over HTTP. */
import { z } from 'zod';
import { EVENT_SOURCES, type EventSource } from '../domain/events';
import { withTimeoutSignal } from '../platform/with-timeout';
import { cloudEventSchema } from './cloud-event';
import {
  BadCursor,
  CursorOfLostEvents,
  CursorTooOld,
  decodeCursor,
  encodeCursor,
  type LogPosition,
} from './cursor';
import type { EventFilter, EventLog } from './event-log';

/** 5 s: as long as a statement of the other service may take. */
const ANSWER_WITHIN_MS = 5_000;

/** A process of the version before does not say it. */
const startsAfterSchema = z.partialRecord(z.enum(EVENT_SOURCES), z.string().regex(/^\d+$/)).default({});

const pageSchema = z.object({
  items: z.array(cloudEventSchema),
  nextCursor: z.string(),
  completeTo: z.partialRecord(z.enum(EVENT_SOURCES), z.iso.datetime()).default({}),
  startsAfter: startsAfterSchema,
});
const problemSchema = z.object({ type: z.string(), detail: z.string(), startsAfter: startsAfterSchema });

interface Asked {
  readonly after: LogPosition | undefined;
  readonly limit: number;
  readonly filter: EventFilter;
  /** How long the other service may wait for something new, milliseconds. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** @param serviceUrl base URL; may be the address of several processes */
export function remoteLog(source: EventSource, serviceUrl: string): EventLog {
  const page = async ({ after, limit, filter, waitMs = 0, signal }: Asked) => {
    const url = new URL('/events', serviceUrl);
    url.searchParams.set('limit', String(limit));
    if (after) url.searchParams.set('after', encodeCursor({ [source]: after }));
    if (filter.types) url.searchParams.set('type', filter.types.join(','));
    if (filter.subject !== undefined) url.searchParams.set('subject', filter.subject);
    const headers = { Accept: 'application/json', Prefer: `wait=${String(Math.ceil(waitMs / 1_000))}` };
    const { ok, status, body } = await withTimeoutSignal(ANSWER_WITHIN_MS + waitMs, signal, async (over) => {
      const response = await fetch(url, { headers, signal: over });
      return { ok: response.ok, status: response.status, body: await response.json() };
    });
    if (!ok) throw refusal(status, problemSchema.parse(body));
    const { items: events, nextCursor, completeTo, startsAfter } = pageSchema.parse(body);
    const end = decodeCursor(nextCursor)[source];
    if (!end) throw new TypeError(`${serviceUrl} gave a cursor without ${source}`);
    const [complete, start] = [completeTo[source], startsAfter[source]];
    return {
      events,
      end,
      completeTo: complete === undefined ? undefined : new Date(complete),
      startsAfter: start === undefined ? undefined : BigInt(start),
    };
  };
  return {
    source,
    read: async (after, limit, filter) => {
      const { end, ...rest } = await page({ after, limit, filter });
      return {
        ...rest,
        end,
        more: async (waitMs, signal) => {
          await page({ after: end, limit: 1, filter, waitMs, signal });
        },
      };
    },
  };
}

function refusal(status: number, { type, detail, startsAfter }: z.infer<typeof problemSchema>): Error {
  if (status === 400) return new BadCursor(detail);
  if (type === '/problems/cursor-of-lost-events') return new CursorOfLostEvents(detail);
  if (status === 410) return new CursorTooOld(detail, startsAfter);
  return new Error(`the other service answered ${String(status)}: ${detail}`);
}
