/** Readers at one place of the feed share a page: it is read once, and serialized once. */
import { expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import type { EventLog } from '../../events/event-log';
import { EventFeed } from '../../events/feed';
import { createLogger } from '../../platform/logger';

function countedFeed(freshMs: number) {
  const reads: number[] = [];
  const feedId = newUuid();
  const log: EventLog = {
    source: '/order-service',
    read: (_after, limit) => {
      reads.push(limit);
      return Promise.resolve({
        events: [],
        end: { feedId, position: 0n },
        completeTo: undefined,
        startsAfter: 0n,
        more: () => Promise.resolve(),
      });
    },
  };
  return { feed: new EventFeed([log], createLogger('silent'), freshMs), reads };
}

test('the same page for a hundred readers, and others for another limit or filter', async () => {
  const { feed, reads } = countedFeed(60_000);
  const pages = await Promise.all(Array.from({ length: 100 }, () => feed.read(undefined, 10)));
  expect(new Set(pages).size).toBe(1);
  await feed.read(undefined, 11);
  await feed.read(undefined, 10, { subject: newUuid() });
  await feed.read(undefined, 10, { types: ['OrderCreated'] });
  expect(reads).toEqual([10, 11, 10, 10]);
});

test('a reader that was woken reads anew, and the readers after it share what it reads', async () => {
  const { feed, reads } = countedFeed(60_000);
  const [first, other] = [await feed.read(undefined, 10), await feed.read(undefined, 10)];
  await first.more(1_000);
  const next = await feed.read(undefined, 10);
  expect(next).not.toBe(first);
  await other.more(1_000);
  expect(await feed.read(undefined, 10)).toBe(next);
  expect(reads).toHaveLength(2);
});

test('a page is shared only for its time', async () => {
  const { feed, reads } = countedFeed(1);
  await feed.read(undefined, 10);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await feed.read(undefined, 10);
  expect(reads).toHaveLength(2);
});
