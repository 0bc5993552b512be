/** The feed of this process, read without HTTP. */
import { CursorOfLostEvents, CursorTooOld } from '../../events/cursor';
import type { EventFeed } from '../../events/feed';
import { FeedStartsLater, FeedWentBack, PAGE_EVENTS, type ReadPage, WAIT_S } from '../consumer/feed-page';

export function localPages(feed: EventFeed): ReadPage {
  return async (after, signal, waitS = WAIT_S) => {
    const request = { after: after ?? undefined, limit: PAGE_EVENTS, waitMs: waitS * 1_000, over: signal };
    const { items, nextCursor, completeTo, startsAfter } = await feed
      .readPage(request)
      .catch((error: unknown) => throwAsConsumer(error));
    return { items: items.map(({ event }) => event), nextCursor, completeTo, startsAfter };
  };
}

function throwAsConsumer(error: unknown): never {
  if (error instanceof CursorTooOld) throw new FeedStartsLater(error.message, error.startsAfter);
  if (error instanceof CursorOfLostEvents) throw new FeedWentBack(error.message);
  throw error;
}
