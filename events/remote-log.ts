/** The published events of a service in another process, read from its feed over HTTP. */
import { z } from 'zod';
import { EVENT_SOURCES, type EventSource } from '../domain/events';
import { answerTimeoutMs } from '../platform/answer-timeout';
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
import type { EventLog } from './event-log';
import type { EventFilter } from './log-query';
import { SEQUENCE } from './sequence';

/** A process of the previous version does not report it. */
const startsAfterSchema = z.partialRecord(z.enum(EVENT_SOURCES), z.string().regex(SEQUENCE)).default({});

const pageSchema = z.object({
  items: z.array(cloudEventSchema),
  nextCursor: z.string(),
  completeTo: z.partialRecord(z.enum(EVENT_SOURCES), z.iso.datetime()).default({}),
  startsAfter: startsAfterSchema,
});
const problemSchema = z.object({ type: z.string(), detail: z.string(), startsAfter: startsAfterSchema });

interface PageRequest {
  readonly after: LogPosition | undefined;
  readonly limit: number;
  readonly filter: EventFilter;
  /** How long the other service may wait for new events, milliseconds. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * @param serviceUrl base URL; may be the address of several processes
 * @param more additional headers, by which the service knows this one
 */
export function remoteLog(
  source: EventSource,
  serviceUrl: string,
  more: Readonly<Record<string, string>> = {},
): EventLog {
  const page = async ({ after, limit, filter, waitMs = 0, signal }: PageRequest) => {
    const url = new URL('/events', serviceUrl);
    url.searchParams.set('limit', String(limit));
    if (after) url.searchParams.set('after', encodeCursor({ [source]: after }));
    if (filter.types) url.searchParams.set('type', filter.types.join(','));
    if (filter.subject !== undefined) url.searchParams.set('subject', filter.subject);
    const headers = {
      ...more,
      Accept: 'application/json',
      // Compressing takes longer than the way between services.
      'Accept-Encoding': 'identity',
      Prefer: `wait=${String(Math.ceil(waitMs / 1_000))}`,
    };
    const { ok, status, body } = await withTimeoutSignal(answerTimeoutMs(waitMs), signal, async (end) => {
      const response = await fetch(url, { headers, signal: end });
      return { ok: response.ok, status: response.status, body: await response.json() };
    });
    if (!ok) throw errorOf(status, problemSchema.parse(body));
    const { items: events, nextCursor, completeTo, startsAfter } = pageSchema.parse(body);
    const end = decodeCursor(nextCursor)[source];
    if (!end)
      throw new TypeError(
        `${serviceUrl} answered with a cursor that has no position of ${source}: check the URL of the service`,
      );
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

function errorOf(status: number, { type, detail, startsAfter }: z.infer<typeof problemSchema>): Error {
  if (status === 400) return new BadCursor(detail);
  if (type === '/problems/cursor-of-lost-events') return new CursorOfLostEvents(detail);
  if (status === 410) return new CursorTooOld(detail, startsAfter);
  return new Error(`the feed of the other service answered ${String(status)}: ${detail}`);
}
