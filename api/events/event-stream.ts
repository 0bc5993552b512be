/** The feed as server-sent events. Back-pressure: the next page is read when the client has taken the previous one. */
import { once } from 'node:events';
import type { Request, Response } from 'express';
import { eventJson } from '../../events/cloud-event';
import type { StartsAfter } from '../../events/cursor';
import type { EventFeed, FeedPage } from '../../events/feed';
import type { EventFilter } from '../../events/log-query';
import type { FeedItem } from '../../events/merge';
import { withTimeoutSignal } from '../../platform/with-timeout';
import { whileNeeded } from '../http/caller';
import type { Turns } from '../http/turns';

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
  /** Of the readers that have waited. */
  readonly turns: Turns;
  /** A client that takes nothing for so long loses its stream, milliseconds. */
  readonly stalledMs: number;
}

/** @throws BadCursor, CursorTooOld before the headers are sent */
export async function streamEvents(
  feed: EventFeed,
  request: Request,
  response: Response,
  options: StreamOptions,
): Promise<void> {
  const first = await feed.read(options.cursor, PAGE_SIZE, options.filter);
  response.set({
    'Content-Type': 'text/event-stream',
    'X-Accel-Buffering': 'no',
    'Events-Start-After': startHeader(first.startsAfter),
  });
  // A stream would never end, and its connection would serve nothing else.
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  await whileNeeded(response, options.stopping, (over) =>
    writePages(feed, request, response, { ...options, first, over }),
  );
  response.end();
}

async function writePages(
  feed: EventFeed,
  request: Request,
  response: Response,
  {
    filter,
    turns,
    first,
    over,
    stalledMs,
  }: StreamOptions & { readonly first: FeedPage; readonly over: AbortSignal },
): Promise<void> {
  let page = first;
  response.write(`retry: ${String(RECONNECT_MS)}\n\n`);
  let sentAt = Date.now();
  while (!over.aborted) {
    if (page.items.length > 0) {
      response.write(textOf(page));
      sentAt = Date.now();
    }
    // The time decides, not the empty page: the filter may exclude many events per second.
    else if (Date.now() - sentAt >= HEARTBEAT_MS) {
      // With the id, a client resumes here although no event matched its filter.
      response.write(`: heartbeat\nid: ${page.nextCursor}\n\n`);
      sentAt = Date.now();
    }
    if (response.writableNeedDrain && !(await drained(response, stalledMs, over))) {
      // Not `end`: that would wait for the client. Its place and its memory are free at once.
      response.destroy();
      break;
    }
    if (page.items.length < PAGE_SIZE) await page.more(sentAt + HEARTBEAT_MS - Date.now(), over);
    await turns.next(over);
    try {
      page = await feed.read(page.nextCursor, PAGE_SIZE, filter);
    } catch (err) {
      // The client reconnects with its last id.
      request.log.warn({ err }, 'event stream ended by an error');
      break;
    }
  }
}

/** @returns whether the client has read on in time; also true when the stream is over */
async function drained(response: Response, timeoutMs: number, over: AbortSignal): Promise<boolean> {
  return withTimeoutSignal(timeoutMs, over, async (signal) => {
    // It rejects at the time limit and when the stream is over; the next line tells these apart.
    await once(response, 'drain', { signal }).catch(() => undefined);
    return over.aborted || !response.writableNeedDrain;
  });
}

/** Many streams get the same page; it is serialized once. */
const texts = new WeakMap<FeedPage, string>();

function textOf(page: FeedPage): string {
  const known = texts.get(page);
  if (known !== undefined) return known;
  const text = page.items.map(line).join('');
  texts.set(page, text);
  return text;
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
  return `id: ${cursor}\nevent: ${event.type}\ndata: ${eventJson(event)}\n\n`;
}
