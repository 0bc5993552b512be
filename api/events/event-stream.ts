/** The feed as server-sent events: a page at a time, and the next one when the reader has taken the last. */
import { once } from 'node:events';
import type { Request, Response } from 'express';
import type { StartsAfter } from '../../events/cursor';
import type { EventFilter } from '../../events/event-log';
import type { EventFeed, FeedItem } from '../../events/feed';

/** 100 events, some 60 KB: what a reader that does not read costs, at most, beside its socket's buffer. */
const PAGE = 100;

/** 15 s: proxies cut connections that are silent for longer, often after 30 or 60 s. */
const HEARTBEAT_MS = 15_000;

/** How soon a reader whose connection broke comes back, milliseconds. */
const RECONNECT_MS = 1_000;

export interface StreamOptions {
  /** Reads on after it; undefined from where the feed starts. */
  readonly cursor: string | undefined;
  readonly filter: EventFilter;
  /** Ends the stream when this process stops; its reader comes back, to another. */
  readonly stopping: AbortSignal;
}

/** @throws BadCursor, CursorTooOld before anything is sent */
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
  let page = await feed.read(cursor, PAGE, filter);
  response.set({
    'Content-Type': 'text/event-stream',
    'X-Accel-Buffering': 'no',
    'Events-Start-After': startHeader(page.startsAfter),
  });
  response.flushHeaders();
  response.write(`retry: ${String(RECONNECT_MS)}\n\n`);
  let saidAt = Date.now();
  while (!over.aborted) {
    for (const item of page.items) response.write(line(item));
    if (page.items.length > 0) saidAt = Date.now();
    // By the clock alone: what the filter leaves out may be published many times a second.
    else if (Date.now() - saidAt >= HEARTBEAT_MS) {
      // Also says where a reader without matching events has got to.
      response.write(`: heartbeat\nid: ${page.nextCursor}\n\n`);
      saidAt = Date.now();
    }
    // The reader has gone away, which ends the loop.
    if (response.writableNeedDrain) await once(response, 'drain', { signal: over }).catch(() => undefined);
    if (page.items.length < PAGE) await page.more(saidAt + HEARTBEAT_MS - Date.now(), over);
    try {
      page = await feed.read(page.nextCursor, PAGE, filter);
    } catch (err) {
      // The reader comes back by itself, with its last id.
      request.log.warn({ err }, 'an event stream was broken off');
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
