import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { sqltag as sql } from '@prisma/client/runtime/client';
import { createOrderActivities } from '../../activities/order';
import { recordEvents } from '../../activities/outbox';
import { EVENT_VERSIONS } from '../../domain/events';
import type { CloudEvent } from '../../events/cloud-event';
import { CursorOfLostEvents, encodeCursor } from '../../events/cursor';
import { databaseLog, type EventLog } from '../../events/event-log';
import { EventFeed } from '../../events/feed';
import { pruneEvents, publishEvents } from '../../events/publish';
import { Notifier } from '../../platform/notifier';
import { createLogger } from '../../platform/logger';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { v7 as newUuid } from 'uuid';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { giveDatabaseBack, takeDatabaseAway } from '../support/outages';

let databases: TestDatabases;
let db: OrderDatabase;
let log: EventLog;
let open: Client;

beforeAll(async () => {
  databases = await createTestDatabases();
  db = createOrderDatabase(databases.orderUrl);
  log = databaseLog('/order-service', db, new Notifier());
  open = new Client({ connectionString: databases.adminOrderUrl });
  await open.connect();
});
afterAll(async () => {
  await open.end();
  await db.$disconnect();
  await databases.drop();
});

function place(orderIds: readonly string[]) {
  const orders = orderIds.map((orderId) => ({
    orderId,
    customerId: newUuid(),
    totalMinor: 100,
    currency: 'USD',
  }));
  return createOrderActivities({ db }).createPendingOrders({ sagaId: 'saga', items: orders });
}

async function publishAll(): Promise<void> {
  while ((await publishEvents(db, 100)) !== 0);
}

/** Everything after `after`, as a consumer reads it: page by page, on from where each page ended. */
async function readOn(after: Awaited<ReturnType<EventLog['read']>>['end'] | undefined) {
  const events: CloudEvent[] = [];
  let at = after;
  for (;;) {
    const page = await log.read(at, 70, {});
    events.push(...page.events);
    at = page.end;
    if (page.events.length === 0) return { events, at };
  }
}

const LATER_STATE = { '/customer-service': { feedId: newUuid(), position: 1n } };

const ids = (count: number) => Array.from({ length: count }, () => newUuid());

test('a transaction that stays open across a thousand later events: each event is read once, in order', async () => {
  const { at } = await readOn(undefined);
  const late = newUuid();
  await open.query('BEGIN');
  await open.query(
    `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id)
     SELECT 'order', $1::uuid, s, 'OrderCreated', '{}', 'saga' FROM generate_series(1, 3) s`,
    [late],
  );
  const first = ids(500);
  await place(first);
  await publishAll();
  const meanwhile = await readOn(at);
  expect(meanwhile.events.map(({ subject }) => subject).sort()).toEqual([...first].sort());

  const second = ids(500);
  await place(second);
  await open.query('COMMIT');
  await publishAll();
  const then = await readOn(meanwhile.at);
  expect(then.events.map(({ subject }) => subject).sort()).toEqual([...second, late, late, late].sort());
  expect(then.events.filter(({ subject }) => subject === late).map(({ sequence }) => sequence)).toEqual([
    1, 2, 3,
  ]);
  const positions = [...meanwhile.events, ...then.events].map(({ position }) => Number(position));
  expect(positions).toEqual([...positions].sort((one, other) => one - other));
  expect(new Set(positions).size).toBe(1_003);
});

test('relays of several processes and writers at once: nothing is lost, doubled, or out of order', async () => {
  const { at } = await readOn(undefined);
  const orders = Array.from({ length: 20 }, () => ids(25));
  let writing = true;
  const relays = Array.from({ length: 3 }, async () => {
    while (writing) await publishEvents(db, 40);
  });
  const steps = createOrderActivities({ db });
  await Promise.all(
    orders.map(async (group) => {
      await place(group);
      await steps.approveOrders({ sagaId: 'saga', items: group.map((orderId) => ({ orderId })) });
    }),
  );
  writing = false;
  await Promise.all(relays);
  await publishAll();
  const { events } = await readOn(at);
  expect(events).toHaveLength(1_000);
  const sequences = new Map<string, number[]>();
  for (const { subject, sequence } of events)
    sequences.set(subject, [...(sequences.get(subject) ?? []), sequence]);
  expect([...sequences.keys()].sort()).toEqual(orders.flat().sort());
  for (const each of sequences.values()) expect(each).toEqual([1, 2]);
});

test('a reader that pages while relays publish at once: nothing is skipped, and nothing repeated', async () => {
  const start = (await readOn(undefined)).at;
  const orders = ids(1_500);
  let under = 4;
  const relays = Array.from({ length: 3 }, async () => {
    while (under > 1 || (await publishEvents(db, 20)) !== 0) await publishEvents(db, 20);
  });
  const writers = Array.from({ length: 3 }, async (_, writer) => {
    for (let from = writer * 500; from < (writer + 1) * 500; from += 10)
      await place(orders.slice(from, from + 10));
    under -= 1;
  });
  const seen: CloudEvent[] = [];
  let at = start;
  let pagesBeforeTheEnd = 0;
  while (seen.length < orders.length) {
    const page = await log.read(at, 7, {});
    seen.push(...page.events);
    at = page.end;
    if (under > 1 && page.events.length > 0) pagesBeforeTheEnd += 1;
  }
  await Promise.all([...writers, ...relays]);
  expect((await log.read(at, 7, {})).events).toEqual([]);
  expect(seen.map(({ subject }) => subject).sort()).toEqual([...orders].sort());
  const positions = seen.map(({ position }) => Number(position));
  expect(positions).toEqual([...positions].sort((one, other) => one - other));
  // It did read while they published.
  expect(pagesBeforeTheEnd).toBeGreaterThan(20);
}, 60_000);

test('an event of a type that this code does not know is passed on as it is', async () => {
  const [shipped = '', later = ''] = ids(2);
  const { at } = await readOn(undefined);
  const data = { orderId: shipped, parcel: 'P-17' };
  await rowsOf(
    databases.adminOrderUrl,
    `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id)
     VALUES ('order', $1, 1, 'OrderShipped', $2, 'ship-1')`,
    [shipped, data],
  );
  await place([later]);
  await publishAll();
  const { events } = await readOn(at);
  expect(events.map(({ type }) => type)).toEqual(['OrderShipped', 'OrderCreated']);
  expect(events[0]).toMatchObject({
    source: '/order-service',
    subject: shipped,
    sequence: 1,
    dataschema: '/event-schemas/OrderShipped/1',
    correlationid: 'ship-1',
    data,
  });
});

test('an event tells the version that it was written in, whatever is written now', async () => {
  const [earlier = '', later = ''] = ids(2);
  const { at } = await readOn(undefined);
  await place([earlier]);
  const events = sql`SELECT 'order', ${later}::uuid, 1, 'OrderCreated', '{}'::jsonb, 'saga'`;
  await db.$queryRaw(recordEvents(events, { ...EVENT_VERSIONS, OrderCreated: 2 }));
  await publishAll();
  expect((await readOn(at)).events.map(({ subject, dataschema }) => [subject, dataschema])).toEqual([
    [earlier, '/event-schemas/OrderCreated/1'],
    [later, '/event-schemas/OrderCreated/2'],
  ]);
});

test('a service that cannot be read is left out of the feed, and logged once until it can be read again', async () => {
  const said: Record<string, unknown>[] = [];
  const logger = createLogger('info', {
    write: (line) => {
      said.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
  const customers = createCustomerDatabase(databases.customerUrl);
  const feed = new EventFeed([log, databaseLog('/customer-service', customers, new Notifier())], logger);
  const unavailable = async () => (await feed.read(undefined, 1)).unavailable;
  try {
    expect(await unavailable()).toEqual([]);
    for (const outage of [1, 2]) {
      await takeDatabaseAway(databases.adminCustomerUrl);
      for (const _ of [1, 2, 3]) expect(await unavailable()).toEqual(['/customer-service']);
      await giveDatabaseBack(databases.adminCustomerUrl);
      expect(await unavailable()).toEqual([]);
      await expect(feed.read(encodeCursor(LATER_STATE), 1)).rejects.toThrow(
        'is from the feed of another database',
      );
      expect(said.map(({ level, source }) => [level, source])).toEqual(
        Array.from({ length: outage }, () => [
          [40, '/customer-service'],
          [30, '/customer-service'],
        ]).flat(),
      );
    }
  } finally {
    await customers.$disconnect();
  }
});

test('filters: a page is full of what was asked for, and reading on skips what was not', async () => {
  const [orderId = ''] = ids(1);
  const { at } = await readOn(undefined);
  await place([...ids(30), orderId, ...ids(30)]);
  await createOrderActivities({ db }).approveOrders({ sagaId: 'saga', items: [{ orderId }] });
  await publishAll();
  const ofOrder = await log.read(at, 10, { subject: orderId });
  expect(ofOrder.events.map(({ type }) => type)).toEqual(['OrderCreated', 'OrderApproved']);
  expect((await log.read(ofOrder.end, 10, {})).events).toEqual([]);
  const approved = await log.read(at, 10, { types: ['OrderApproved'] });
  expect(approved.events.map(({ subject }) => subject)).toEqual([orderId]);
});

test('pruning: only what was published long enough ago, in batches; the feed then starts later and says so', async () => {
  const start = (await log.read(undefined, 1, {})).events[0];
  const before = { ...(await log.read(undefined, 1, {})).end };
  await place(ids(10));
  expect(await pruneEvents(db, 3_600_000, 100)).toBe(0);
  await rowsOf(
    databases.adminOrderUrl,
    `UPDATE outbox SET published_at = now() - interval '2 hours' WHERE position <= 250`,
  );
  expect(await pruneEvents(db, 3_600_000, 100)).toBe(100);
  expect(await pruneEvents(db, 3_600_000, 1_000)).toBe(150);
  expect(await pruneEvents(db, 3_600_000, 1_000)).toBe(0);
  const page = await log.read(undefined, 1, {});
  expect([start?.position, page.events[0]?.position]).toEqual(['1', '251']);
  await expect(log.read(before, 1, {})).rejects.toThrow(/older than the feed/);
  await publishAll();
  const [unpublished] = await rowsOf(
    databases.adminOrderUrl,
    'SELECT count(*) FROM outbox WHERE position IS NULL',
  );
  expect(unpublished?.['count']).toBe('0');
});

test('pruning stops at the first event that is kept, however many are, and leaves none out', async () => {
  await place(ids(3_000));
  await publishAll();
  const old = `UPDATE outbox SET published_at = now() - interval '2 hours'`;
  const start = `position <= (SELECT pruned_position FROM outbox_relay)`;
  await rowsOf(databases.adminOrderUrl, `${old} WHERE ${start} + 5 OR ${start} + 9 AND NOT ${start} + 7`);
  const { rows } = await open.query<{ pruned: number; read: string }>(
    `WITH done AS MATERIALIZED (SELECT prune_outbox('1 hour', 100) AS pruned)
     SELECT pruned, seq_tup_read + idx_tup_fetch AS read FROM done, LATERAL (
       SELECT * FROM pg_stat_xact_user_tables WHERE relname = 'outbox' AND done.pruned >= 0) s`,
  );
  expect(rows[0]?.pruned).toBe(5);
  expect(Number(rows[0]?.read)).toBeLessThan(500);
  expect(await pruneEvents(db, 3_600_000, 100)).toBe(0);
});

test('a cursor of another database, or of events that are lost, is refused', async () => {
  const { end } = await log.read(undefined, 1, {});
  await expect(log.read({ ...end, feedId: newUuid() }, 1, {})).rejects.toThrow(/another database/);
  for (const lost of [{ position: 1_000_000n }, { eventId: '1-1' }])
    await expect(log.read({ ...end, ...lost }, 1, {})).rejects.toThrow(CursorOfLostEvents);
  expect((await log.read(end, 1, {})).events).toHaveLength(1);
});

test("the service's own role can prune, but not delete", async () => {
  await expect(db.$executeRaw`DELETE FROM outbox`).rejects.toThrow(/permission denied/);
});
