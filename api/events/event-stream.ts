/** The feed as server-sent events. Back-pressure: the next page is read when the client has taken the previous one. */
import { once } from 'node:events';
import type { Request, Response } from 'express';
import type { StartsAfter } from '../../events/cursor';
import type { EventFilter } from '../../events/event-log';
import type { EventFeed, FeedItem } from '../../events/feed';

/** 100 events, about 60 KB: the most memory that a client that does not read costs, besides its socket's buffer. */
const PAGE_SIZE = 100;

/** 15 s: proxies cut connections that are silent for longer, often after 30 or 60 s. */
const HEARTBEAT_MS = 15_000;

/** 1 s: how soon a client reconnects after its connection broke. */
const RECONNECT_MS = 1_000;

export interface StreamOptions {
  /** Reads the events after it; undefined: from the start of the feed. */
  readonly cursor: string | undefined;
  readonly filter: EventFilter;
  /** Aborted when the process stops; ends the stream. The client reconnects, to another process. */
  readonly stopping: AbortSignal;
}

/** @throws BadCursor, CursorTooOld before the headers are sent */
export async function streamEvents(
  feed: EventFeed,
  request: Request,
  response: Response,
  { cursor, filter, stopping }: StreamOptions,
): Promise<void> {
  const ended = new AbortController();
  const end = (): void => {
    stopping.removeEventListener('abort', end);
    ended.abort();
  };
  stopping.addEventListener('abort', end);
  response.once('close', end);
  if (stopping.aborted) end();
  const over = ended.signal;
  let page = await feed.read(cursor, PAGE_SIZE, filter);
  response.set({
    'Content-Type': 'text/event-stream',
    'X-Accel-Buffering': 'no',
    'Events-Start-After': startHeader(page.startsAfter),
  });
  response.flushHeaders();
  response.write(`retry: ${String(RECONNECT_MS)}\n\n`);
  let sentAt = Date.now();
  while (!over.aborted) {
    for (const item of page.items) response.write(line(item));
    if (page.items.length > 0) sentAt = Date.now();
    // The time decides, not the empty page: the filter may exclude many events per second.
    else if (Date.now() - sentAt >= HEARTBEAT_MS) {
      // With the id, a client resumes here although no event matched its filter.
      response.write(`: heartbeat\nid: ${page.nextCursor}\n\n`);
      sentAt = Date.now();
    }
    // The rejection means that the client has disconnected, which ends the loop.
    if (response.writableNeedDrain) await once(response, 'drain', { signal: over }).catch(() => undefined);
    if (page.items.length < PAGE_SIZE) await page.more(sentAt + HEARTBEAT_MS - Date.now(), over);
    try {
      page = await feed.read(page.nextCursor, PAGE_SIZE, filter);
    } catch (err) {
      // The client reconnects with its last id.
      request.log.warn({ err }, 'event stream ended by an error');
      break;
    }
  }
  response.end();
}

/**
 * Where the feed starts, as a dictionary of RFC 9651: a stream has no other place that is not an event.
 *
 * @example
 * startHeader({ '/order-service': '0000000000000000042' }); // 'order-service="0000000000000000042"'
 */
function startHeader(startsAfter: StartsAfter): string {
  return Object.entries(startsAfter)
    .map(([service, sequence]) => `${service.slice(1)}="${sequence}"`)
    .join(', ');
}

function line({ event, cursor }: FeedItem): string {
  return `id: ${cursor}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
