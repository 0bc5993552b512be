/** The base of an event's source: `source` and `id` identify an event, so a published event keeps it. */
import { beforeEach, expect, test } from '@jest/globals';
import { type EventBase, keepEventBase } from '../../events/base-uri';
import { databaseLog } from '../../events/event-log';
import { publishEvents } from '../../events/publish';
import { Notifier } from '../../platform/notifier';
import { rowsOf } from '../support/databases';
import { eventually } from '../support/http';
import { ids, OrderOutbox } from '../support/order-outbox';
import { hold } from '../support/outages';

const outbox = new OrderOutbox();
const stated = (uri: string): EventBase => ({ uri, isStated: true });
const address = (uri: string): EventBase => ({ uri, isStated: false });

beforeEach(async () => {
  await rowsOf(outbox.databases.adminOrderUrl, 'TRUNCATE outbox, event_bases');
});

/** As a process with this base reads all events. */
async function sources(base: EventBase): Promise<string[]> {
  const log = databaseLog('/order-service', outbox.db, new Notifier(), () => base);
  return (await log.read(undefined, 100, {})).events.map(({ source }) => source);
}

async function publish(count: number): Promise<void> {
  await outbox.place(ids(count));
  await outbox.publishAll();
}

test('the address of the first process stays the source, whatever port a later one has', async () => {
  await publish(1);
  expect(await sources(address('http://127.0.0.1:3000'))).toEqual(['http://127.0.0.1:3000/order-service']);
  expect(await sources(address('http://127.0.0.1:4000'))).toHaveLength(1);
  await publish(1);
  expect(await sources(address('http://127.0.0.1:4000'))).toEqual(
    Array(2).fill('http://127.0.0.1:3000/order-service'),
  );
});

test('a base that is stated later is that of later events', async () => {
  await publish(2);
  const [first] = await sources(address('http://127.0.0.1:3000'));
  expect(await sources(stated('https://shop.example'))).toEqual([first, first]);
  await publish(1);
  const all = [first, first, 'https://shop.example/order-service'];
  expect(await sources(stated('https://shop.example'))).toEqual(all);
  expect(await sources(address('http://127.0.0.1:3000'))).toEqual(all);
});

test('two bases before an event is published: the last one', async () => {
  await sources(stated('https://one.example'));
  await publish(1);
  await sources(stated('https://two.example'));
  await sources(stated('https://three.example'));
  await publish(1);
  expect(await sources(address('http://127.0.0.1:3000'))).toEqual([
    'https://one.example/order-service',
    'https://three.example/order-service',
  ]);
});

test('no event is published while its base is being recorded', async () => {
  await sources(stated('https://one.example'));
  await outbox.place(ids(1));
  const held = await hold(outbox.databases.adminOrderUrl, 'LOCK TABLE event_bases IN SHARE MODE');
  const recorded = keepEventBase(outbox.db, stated('https://two.example'));
  const waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'event_bases'::regclass";
  await eventually(async () =>
    (await rowsOf(outbox.databases.adminOrderUrl, waits)).length > 0 ? true : undefined,
  );
  const published = await publishEvents(outbox.db, 1);
  await held.release();
  await recorded;
  expect(published).toBeUndefined();
  await outbox.publishAll();
  expect(await sources(address('http://127.0.0.1:3000'))).toEqual(['https://two.example/order-service']);
});

test('processes that begin at once while a relay publishes: every event has one source, at every reader', async () => {
  const bases = Array.from({ length: 8 }, (_, index) => stated(`https://shop-${String(index)}.example`));
  await sources(address('http://127.0.0.1:3000'));
  const [, , ...seen] = await Promise.all([
    publish(30),
    publish(30),
    ...bases.map((base) => sources(base)),
    ...bases.map((base) => keepEventBase(outbox.db, base)),
  ]);
  await outbox.publishAll();
  const last = await sources(address('http://127.0.0.1:3000'));
  expect(last).toHaveLength(60);
  for (const each of seen.filter((part) => part !== undefined))
    expect(last.slice(0, each.length)).toEqual(each);
}, 60_000);
