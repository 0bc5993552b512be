/** While events keep coming, the relay and the order history take those of a while at once; when they are behind, they never pause. */
import { expect, test } from '@jest/globals';
import type { Sql } from '@prisma/client/runtime/client';
import { createLogger } from '../../platform/logger';
import { Notifier } from '../../platform/notifier';
import { type ConsumerStore, startConsumer } from '../../projections/consumer/consumer';
import { type FeedPage, PAGE_EVENTS, type Received } from '../../projections/consumer/feed-page';
import { startRelay } from '../../workers/outbox-relay';

const PAGES = 5;
const BATCHES = 20;
/** What the first call takes longer than the others. */
const WARM_UP_MS = 10;

const logger = createLogger('silent');
const EVENT: Received = {
  id: '1',
  source: 'http://127.0.0.1/order-service',
  type: 'OrderCreated',
  subject: '0190b2c5-0000-7000-8000-000000000001',
  aggregateversion: 1,
  sequence: '1',
  time: '2026-01-01T00:00:00.000Z',
  dataschema: 'http://127.0.0.1/event-schemas/OrderCreated/1',
  data: {},
};

/** Resolves after `count` calls with the time of each, milliseconds. */
function calls(count: number) {
  const times: number[] = [];
  let done: (times: readonly number[]) => void = () => undefined;
  const all = new Promise<readonly number[]>((resolve) => (done = resolve));
  const called = () => {
    times.push(performance.now());
    if (times.length === count) done(times);
  };
  return { called, all };
}

/** A timer may fire up to a millisecond early. */
function expectApart(times: readonly number[], ms: number): void {
  const all = (times.at(-1) ?? 0) - (times[0] ?? 0);
  expect(all).toBeGreaterThanOrEqual((times.length - 1) * (ms - 1) - WARM_UP_MS);
}

/** A feed that always has a page of so many events, read until `count` pages are applied. */
async function pagesOf(events: number, count: number): Promise<readonly number[]> {
  const { called, all } = calls(count);
  const page: FeedPage = {
    items: Array.from({ length: events }, () => EVENT),
    nextCursor: 'next',
    completeTo: {},
    startsAfter: {},
  };
  const store: ConsumerStore = {
    checkpoint: () => Promise.resolve('next'),
    applyPage: () => {
      called();
      return Promise.resolve(true);
    },
    restart: () => Promise.resolve(),
    startLater: () => Promise.resolve(),
  };
  const readPage = () => new Promise<FeedPage>((resolve) => setImmediate(resolve, page));
  const consumer = startConsumer({ name: 'test', readPage, store, logger });
  const times = await all;
  await consumer.stop();
  return times;
}

test('the order history applies a page at most every 150 ms', async () => {
  expectApart(await pagesOf(1, PAGES), 150);
});

test('full pages follow each other at once', async () => {
  const times = await pagesOf(PAGE_EVENTS, 20);
  expect((times.at(-1) ?? Infinity) - (times[0] ?? 0)).toBeLessThan(20 * 150);
});

test.each([
  [1, 10],
  [40, 20],
])('the relay publishes batches of %i at most every %i ms', async (examined, apartMs) => {
  const { called, all } = calls(BATCHES);
  const committed = new Notifier();
  const db = {
    $queryRaw: <Rows>({ sql }: Sql): Promise<Rows> => {
      if (sql.includes('FROM outbox_relay')) called();
      committed.notify();
      return Promise.resolve([{ locked: true, examined }] as Rows);
    },
  };
  const relay = startRelay({ service: 'order', db, committed, retentionMs: 1_000, logger });
  const times = await all;
  await relay.stop();
  expectApart(times, apartMs);
});
