/** The relay with transactions in flight, long open, or in a burst: every event once, in order, at constant cost. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sqltag as sql } from '@prisma/client/runtime/client';
import { Client } from 'pg';
import { v7 as newUuid } from 'uuid';
import type { CloudEvent } from '../../events/cloud-event';
import type { LogPosition } from '../../events/cursor';
import { databaseLog, type EventLog } from '../../events/event-log';
import { publishEvents } from '../../events/publish';
import type { SqlDatabase } from '../../events/sql';
import { seededRandom } from '../../tools/fault-injection/random';
import { Notifier } from '../../platform/notifier';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { eventBase } from '../support/event-base';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { hold, type Lock } from '../support/outages';

/** More events than the relay examines as late ones: then it scans all that are unpublished. */
const BURST = 20_500;

const INSERT = `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id)
  SELECT 'order', $1::uuid, s, 'OrderCreated', '{}', 'saga' FROM generate_series($2::integer, $3::integer) s`;
const INSERT_MANY = `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data, saga_id)
  SELECT 'order', gen_random_uuid(), 1, 'OrderCreated', '{}', 'saga' FROM generate_series(1, $1::integer)`;

let databases: TestDatabases;
let db: OrderDatabase;
let log: EventLog;
let held: Lock | undefined;

beforeAll(async () => {
  databases = await createTestDatabases();
  db = createOrderDatabase(databases.orderUrl);
  log = databaseLog('/order-service', db, new Notifier(), eventBase);
});
afterEach(async () => {
  await held?.release();
  held = undefined;
});
afterAll(async () => {
  await db.$disconnect();
  await databases.drop();
});

const admin = (text: string, values: unknown[] = []) => rowsOf(databases.adminOrderUrl, text, values);

async function publishAll(batch = 1_000): Promise<void> {
  while ((await publishEvents(db, batch)) !== 0);
}

async function end(): Promise<LogPosition> {
  await publishAll();
  for (let at: LogPosition | undefined; ;) {
    const page = await log.read(at, 500, {});
    if (page.events.length === 0) return page.end;
    at = page.end;
  }
}

async function readFrom(at: LogPosition): Promise<CloudEvent[]> {
  const events: CloudEvent[] = [];
  for (let after = at; ;) {
    const page = await log.read(after, 500, {});
    if (page.events.length === 0) return events;
    events.push(...page.events);
    after = page.end;
  }
}

const versionsOf = (events: readonly CloudEvent[], id: string) =>
  events.flatMap(({ subject, aggregateversion }) => (subject === id ? [aggregateversion] : []));

test.each([
  ['all at once', BURST, 1_000],
  ['while the relay is at a backlog', 1_000, 100],
])(
  'events in flight are published before later events of their aggregate: %s',
  async (_how, others, batch) => {
    const at = await end();
    const late = newUuid();
    held = await hold(databases.adminOrderUrl, INSERT, [late, 1, 3]);
    await publishEvents(db, batch);
    await admin(INSERT_MANY, [others]);
    for (const _ of [1, 2]) expect(await publishEvents(db, batch)).toBe(batch);
    await held.release();
    held = undefined;
    await admin(INSERT, [late, 4, 5]);
    await publishAll(batch);
    const events = await readFrom(at);
    expect(events).toHaveLength(others + 5);
    expect(versionsOf(events, late)).toEqual([1, 2, 3, 4, 5]);
  },
  120_000,
);

test('events with lower ids and a later transaction, hidden by a burst, are published before later events of their aggregate', async () => {
  const at = await end();
  held = await hold(databases.adminOrderUrl, 'SELECT pg_current_xact_id()');
  const order = newUuid();
  await admin(INSERT, [order, 1, 1]);
  await held.query(INSERT_MANY, [BURST]);
  await held.release();
  held = undefined;
  await admin(INSERT, [order, 2, 2]);
  await publishAll();
  const events = await readFrom(at);
  expect(events).toHaveLength(BURST + 2);
  expect(versionsOf(events, order)).toEqual([1, 2]);
}, 120_000);

test('a database was loaded into a server with lower transaction ids: a new relay finds every event', async () => {
  const at = await end();
  await admin(
    `UPDATE outbox_relay SET seen = (pg_snapshot_xmax(seen)::text::bigint + 1000000 || ':' ||
       pg_snapshot_xmax(seen)::text::bigint + 1000000 || ':')::pg_snapshot`,
  );
  const order = newUuid();
  await admin(INSERT, [order, 1, 2]);
  expect(await publishEvents(db, 10)).toBe(0);
  expect(await publishEvents(db, 10, true)).toBe(2);
  expect(versionsOf(await readFrom(at), order)).toEqual([1, 2]);
});

/** Blocks that the statement touches when there are two events to publish. */
async function blocksOfAPublication(): Promise<number> {
  await admin(INSERT_MANY, [2]);
  const explaining: SqlDatabase = {
    $queryRaw: async <Rows>(query: Parameters<SqlDatabase['$queryRaw']>[0]): Promise<Rows> => {
      const [row] = await db.$queryRaw<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }[]>(
        sql`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${query}`,
      );
      const plan = row?.['QUERY PLAN'][0].Plan ?? {};
      blocks = Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
      return [] as Rows;
    },
  };
  let blocks = Number.NaN;
  await publishEvents(explaining, 500);
  return blocks;
}

test.each([
  ['one that has written', 'SELECT pg_current_xact_id()'],
  ['one that only reads, as pg_dump', 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ'],
])(
  'while a transaction stays open, a publication does not become slower with the number of published events: %s',
  async (_kind, statement) => {
    await publishAll();
    held = await hold(databases.adminOrderUrl, statement);
    await held.query('SELECT FROM outbox LIMIT 1', []);
    const before = await blocksOfAPublication();
    await admin(INSERT_MANY, [20_000]);
    await publishAll(2_000);
    expect(await blocksOfAPublication()).toBeLessThan(before + 100);
    // Statistics by which next to nothing is unpublished, as the autovacuum may take them at any time.
    await admin('ANALYZE outbox');
    expect(await blocksOfAPublication()).toBeLessThan(before + 100);
  },
  120_000,
);

/** The sequences that a client gets, which reads pages while others write and publish. */
async function pageOn(at: LogPosition, isOver: () => boolean): Promise<CloudEvent[]> {
  const events: CloudEvent[] = [];
  for (let after = at; ;) {
    const over = isOver();
    const page = await log.read(after, 7, {});
    events.push(...page.events);
    after = page.end;
    if (over && page.events.length === 0) return events;
  }
}

test('clients read pages while three relays publish the commits of many writers: each event once, in order', async () => {
  const random = seededRandom();
  const at = await end();
  const aggregates = Array.from({ length: 12 }, () => newUuid());
  const EACH = 25;
  let [writing, publishing] = [true, true];
  const relays = Array.from({ length: 3 }, async () => {
    const connection = createOrderDatabase(databases.orderUrl);
    while (writing) await publishEvents(connection, 1 + random.below(9));
    await connection.$disconnect();
  });
  const readers = Array.from({ length: 2 }, () => pageOn(at, () => !publishing));
  try {
    // One writer per aggregate, as with the lock of its row; commits, rollbacks and savepoints overlap.
    await Promise.all(
      aggregates.map(async (aggregate) => {
        const writer = new Client({ connectionString: databases.adminOrderUrl });
        await writer.connect();
        for (let sequence = 1; sequence <= EACH;) {
          await writer.query('BEGIN');
          await writer.query(INSERT, [newUuid(), 1, 1]);
          await writer.query('SAVEPOINT part');
          const count = Math.min(1 + random.below(3), EACH - sequence + 1);
          await writer.query(INSERT, [aggregate, sequence, sequence + count - 1]);
          await writer.query(random.below(4) === 0 ? 'ROLLBACK TO part' : 'RELEASE part');
          await new Promise((resolve) => setTimeout(resolve, random.below(20)));
          await writer.query(random.below(4) === 0 ? 'ROLLBACK' : 'COMMIT');
          const [row] = await admin('SELECT count(*)::integer AS count FROM outbox WHERE aggregate_id = $1', [
            aggregate,
          ]);
          sequence = Number(row?.['count']) + 1;
        }
        await writer.end();
      }),
    );
  } finally {
    writing = false;
    await Promise.all(relays);
    await publishAll();
    publishing = false;
  }
  const committed = await admin('SELECT position::text FROM outbox WHERE position > $1 ORDER BY position', [
    String(at.position),
  ]);
  for (const events of await Promise.all(readers)) {
    expect(events.map(({ sequence }) => String(BigInt(sequence)))).toEqual(
      committed.map(({ position }) => position),
    );
    for (const aggregate of aggregates)
      expect(versionsOf(events, aggregate)).toEqual(Array.from({ length: EACH }, (_, index) => index + 1));
  }
}, 120_000);
