/** Clients of the feed leave no listeners on the signal that lives as long as the process. */
import { getEventListeners, setMaxListeners } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import { v7 as newUuid } from 'uuid';
import { createOrderActivities } from '../../activities/order';
import { eventRoutes } from '../../api/events/event-routes';
import { Admission } from '../../api/http/admission';
import { PageTurns } from '../../api/http/page-turns';
import { Turns } from '../../api/http/turns';
import { databaseLog } from '../../events/event-log';
import { EventFeed } from '../../events/feed';
import { publishEvents } from '../../events/publish';
import { remoteLog } from '../../events/remote-log';
import { createLogger } from '../../platform/logger';
import { Notifier } from '../../platform/notifier';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { pagesOf } from '../../projections/consumer/feed-page';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { BASE_URI, eventBase } from '../support/event-base';
import { openStream } from '../support/event-stream';
import { eventually } from '../support/http';
import { asAnybody } from '../support/anybody';

let databases: TestDatabases;
let db: OrderDatabase;
let feed: EventFeed;
let server: Server;
let url: string;
/** Of the process that serves. */
const stopping = new AbortController();
const published = new Notifier();
const streams = new Admission(60, { problem: 'too-many-streams', detail: 'come back' });
const waits = new Admission(60, { problem: 'too-many-readers', detail: 'come back' });
const turns = new Turns({ readers: 1_000, busyReaders: 1_000, everyMs: 1 });

beforeAll(async () => {
  databases = await createTestDatabases();
  db = createOrderDatabase(databases.orderUrl);
  const order = { orderId: newUuid(), customerId: newUuid(), totalMinor: 100, currency: 'USD' };
  await createOrderActivities({ db }).createPendingOrders({ sagaId: 'saga', items: [order] });
  await publishEvents(db, 10);
  feed = new EventFeed([databaseLog('/order-service', db, published, eventBase)], createLogger('silent'));
  server = createServer(
    express().use(
      asAnybody,
      eventRoutes({
        feed,
        streams,
        waits,
        streamTurns: turns,
        pages: new PageTurns(turns),
        stopping: stopping.signal,
        baseUri: () => BASE_URI,
      }),
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${String(address !== null && typeof address === 'object' ? address.port : 0)}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await db.$disconnect();
  await databases.drop();
});

/** Listeners, and dependent signals, which Node never frees. */
function leftOn(signal: AbortSignal): number {
  const followers = Object.getOwnPropertySymbols(signal)
    .filter(({ description }) => description === 'kDependantSignals')
    .map((symbol) => (Reflect.get(signal, symbol) as Set<unknown> | null)?.size ?? 0);
  return getEventListeners(signal, 'abort').length + followers.reduce((sum, size) => sum + size, 0);
}

test('thousands of waits for more events', async () => {
  const process = new AbortController();
  setMaxListeners(0, process.signal);
  const page = await feed.read(undefined, 1);
  for (let count = 0; count < 3_000; count++) await page.more(0, process.signal);
  const waits = Array.from({ length: 1_000 }, () => page.more(1, process.signal));
  expect(leftOn(process.signal)).toBeGreaterThan(0);
  await Promise.all(waits);
  expect(leftOn(process.signal)).toBe(0);
});

test('pages over HTTP, for a consumer and for another service', async () => {
  const process = new AbortController();
  const remote = remoteLog('/order-service', url);
  const page = await remote.read(undefined, 1, {});
  for (let count = 0; count < 200; count++) {
    expect((await pagesOf(url)(null, process.signal)).items).toHaveLength(1);
    await page.more(0, process.signal);
  }
  expect(leftOn(process.signal)).toBe(0);
});

test('streams that come and go', async () => {
  for (let count = 0; count < 50; count++) {
    const stream = await openStream(`${url}/events`);
    await stream.next(1);
    expect(leftOn(stopping.signal)).toBeGreaterThan(0);
    await stream.close();
  }
  await eventually(() => Promise.resolve(leftOn(stopping.signal) === 0 ? true : undefined), 5_000);
});

test('a stream that often wakes for events that its filter excludes', async () => {
  const stream = await openStream(`${url}/events?type=OrderApproved`);
  for (let count = 0; count < 300; count++) {
    published.notify();
    await new Promise(setImmediate);
    expect(leftOn(stopping.signal)).toBeLessThanOrEqual(1);
  }
  await stream.close();
  await eventually(() => Promise.resolve(leftOn(stopping.signal) === 0 ? true : undefined), 5_000);
});
