/** Building the order history's view anew: one at a time, and all of it or nothing, whenever it is cut off. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { type ConsumerStore, PoisonEvent } from '../../projections/consumer/consumer';
import type { Received } from '../../projections/consumer/feed-page';
import { readHistory } from '../../projections/order-history/read';
import { rebuildView } from '../../projections/order-history/rebuild';
import { historyStore } from '../../projections/order-history/store';
import { createHistoryDatabase, type HistoryDatabase } from '../../prisma/history/client';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { eventually } from '../support/http';
import { hold, type Lock } from '../support/outages';

/** More than two of a rebuild's batches. */
const ORDERS = 11_000;

const customerId = newUuid();
let databases: TestDatabases;
let db: HistoryDatabase;
let store: ConsumerStore;
let held: Lock | undefined;
let events = 0;

beforeAll(async () => {
  databases = await createTestDatabases();
  db = createHistoryDatabase(databases.historyUrl);
  store = historyStore(db, () => undefined);
  const orders = Array.from({ length: ORDERS }, () => placed(newUuid()));
  await receive([
    customerCreated(),
    ...orders,
    approved(String(orders[0]?.subject)),
    ...orders.slice(0, 50).map(reserved),
  ]);
});
afterEach(async () => {
  await held?.release();
  held = undefined;
});
afterAll(async () => {
  await db.$disconnect();
  await databases.drop();
});

function received(source: string, type: string, subject: string, sequence: number, data: object): Received {
  events += 1;
  const time = new Date(1_790_000_000_000 + events).toISOString();
  return {
    source,
    id: String(events),
    type,
    subject,
    sequence,
    position: String(events),
    time,
    dataschema: `/event-schemas/${type}/1`,
    data: { ...data },
  };
}
const facts = (orderId: string) => ({ orderId, customerId, amountMinor: 100, currency: 'USD' });
const customerCreated = () =>
  received('/customer-service', 'CustomerCreated', customerId, 1, {
    customerId,
    name: 'Ada',
    creditLimitMinor: 2_000_000,
    currency: 'USD',
  });
const placed = (orderId: string) =>
  received('/order-service', 'OrderCreated', orderId, 1, { ...facts(orderId), state: 'PENDING' });
const approved = (orderId: string) =>
  received('/order-service', 'OrderApproved', orderId, 2, { ...facts(orderId), state: 'APPROVED' });
const reserved = ({ subject }: Received) =>
  received('/customer-service', 'CreditReserved', subject, 1, facts(subject));

/** As the consumer does, with what it finds poisonous. */
async function receive(items: readonly Received[]): Promise<void> {
  const after = await store.checkpoint();
  const page = { items, nextCursor: String(events), completeTo: {}, startsAfter: {} };
  const poison: PoisonEvent[] = [];
  for (;;) {
    try {
      expect(await store.takeIn(after, page, poison)).toBe(true);
      return;
    } catch (error) {
      if (!(error instanceof PoisonEvent)) throw error;
      poison.push(error);
    }
  }
}

const admin = (text: string, values: unknown[] = []) => rowsOf(databases.adminHistoryUrl, text, values);
const view = () =>
  admin(`SELECT to_jsonb(v) - 'generation' AS row FROM order_views v
    WHERE generation = (SELECT number FROM generations WHERE current)
    UNION ALL SELECT to_jsonb(c) - 'generation' FROM customer_views c
    WHERE generation = (SELECT number FROM generations WHERE current) ORDER BY 1`);
const generations = () => admin('SELECT number, current FROM generations ORDER BY number');
const current = async () => (await admin('SELECT number FROM generations WHERE current'))[0]?.['number'];

/** Rebuilds that wait for somebody else's lock, at the given words. */
const waiting = async (words: string) =>
  await admin(
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
    [`%${words}%`],
  );
const whenWaiting = (words: string) =>
  eventually(async () => ((await waiting(words)).length > 0 ? true : undefined));

/** Ends the connection of the transaction that would swap. */
async function terminateLock(): Promise<void> {
  const [ended] = await admin(
    `SELECT pg_terminate_backend(pid) AS done FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  expect(ended).toEqual({ done: true });
}

test('in several batches: every row is the same, and progress is told', async () => {
  const before = await view();
  expect(before).toHaveLength(ORDERS + 1);
  const told: [bigint, bigint][] = [];
  const rebuilt = await rebuildView(db, (applied, all) => {
    told.push([applied, all]);
  });
  const all = BigInt(events);
  expect(told).toEqual([
    [5_000n, all],
    [10_000n, all],
    [all, all],
  ]);
  expect(await view()).toEqual(before);
  expect(await generations()).toEqual([{ number: rebuilt.generation, current: true }]);
}, 120_000);

test('what was set aside is counted without a look at every event', async () => {
  const scans = async () => {
    const [table] = await admin("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'received_events'");
    const [index] = await admin(
      "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'received_events_set_aside'",
    );
    return { ofAll: Number(table?.['seq_scan']), ofSetAside: Number(index?.['idx_scan']) };
  };
  // As autovacuum does within a minute.
  await admin('ANALYZE received_events');
  const before = await scans();
  const READS = 200;
  const read = async () => {
    expect((await readHistory(db, { customerId, limit: 1, after: undefined })).asOf.setAside).toBe(0);
  };
  for (let count = 0; count < READS; count++) await read();
  // The server counts with a delay: what was done before may come in too, but it is less.
  const after = await eventually(async () => {
    await read();
    const now = await scans();
    return now.ofSetAside >= before.ofSetAside + READS ? now : undefined;
  });
  expect(after.ofAll - before.ofAll).toBeLessThan(READS / 2);
}, 120_000);

test('two at once: the second is refused, and the first one answers', async () => {
  const before = await view();
  held = await hold(databases.adminHistoryUrl, 'SELECT FROM checkpoints FOR UPDATE');
  const first = rebuildView(db, () => undefined);
  await whenWaiting('SELECT FROM checkpoints');
  const second = rebuildView(db, () => undefined);
  let over = false;
  const both = eventually(async () =>
    over || (await waiting('SELECT FROM checkpoints')).length > 1 ? 'waits too' : undefined,
  );
  const outcome = await Promise.race([
    second.then(
      () => 'done',
      (error: unknown) => String(error),
    ),
    both,
  ]);
  over = true;
  await both;
  await held.release();
  held = undefined;
  const { generation } = await first;
  await second.catch(() => undefined);
  expect(await current()).toBe(generation);
  expect(outcome).toBe(
    'RebuildUnderWay: another rebuild of the view is in progress; wait until it has completed',
  );
  expect(await view()).toEqual(before);
  expect((await readHistory(db, { customerId, limit: 1, after: undefined })).orders).toHaveLength(2);
}, 120_000);

test.each([
  ['while it waits for the swap', 'SELECT FROM checkpoints FOR UPDATE', 'SELECT FROM checkpoints'],
  ['in a batch', 'LOCK TABLE order_views IN SHARE MODE', 'INSERT INTO order_views'],
])(
  'cut off %s: the old view answers, and the next rebuild clears up',
  async (_when, lock, words) => {
    const before = await view();
    const generation = await current();
    held = await hold(databases.adminHistoryUrl, lock);
    const cutOff = rebuildView(db, () => undefined).catch((error: unknown) => error);
    await whenWaiting(words);
    await terminateLock();
    await held.release();
    held = undefined;
    expect(await cutOff).toBeInstanceOf(Error);
    expect(await current()).toBe(generation);
    expect(await view()).toEqual(before);
    const again = await rebuildView(db, () => undefined);
    expect(await view()).toEqual(before);
    expect(await generations()).toEqual([{ number: again.generation, current: true }]);
  },
  120_000,
);

test('what was set aside and is understood now: nothing is seen of it before the swap, and all of it after', async () => {
  const [mended, stuck] = [newUuid(), newUuid()];
  const poisonous = (orderId: string) =>
    received('/order-service', 'OrderCreated', orderId, 1, { ...facts(orderId), state: 'EATEN' });
  await receive([poisonous(mended), approved(mended), poisonous(stuck), approved(stuck)]);
  const before = await view();
  const seen = async () => {
    const { asOf, orders } = await readHistory(db, { customerId, limit: 1, after: undefined });
    return [asOf.setAside, orders[0]?.id === mended, orders[0]?.events.length];
  };
  expect(await seen()).toEqual([4, false, 1]);
  // As if the code had been mended so that it understands the events of one of them.
  await admin(
    `UPDATE received_events SET data = jsonb_set(data, '{state}', '"PENDING"') WHERE subject = $1 AND sequence = 1`,
    [mended],
  );

  held = await hold(databases.adminHistoryUrl, 'SELECT FROM checkpoints FOR UPDATE');
  const cutOff = rebuildView(db, () => undefined).catch((error: unknown) => error);
  await whenWaiting('SELECT FROM checkpoints');
  expect(await seen()).toEqual([4, false, 1]);
  await terminateLock();
  await held.release();
  held = undefined;
  expect(await cutOff).toBeInstanceOf(Error);
  expect(await seen()).toEqual([4, false, 1]);
  expect(await view()).toEqual(before);

  await rebuildView(db, () => undefined);
  expect(await seen()).toEqual([2, true, 2]);
  expect(await admin('SELECT state, version FROM order_views WHERE id = $1', [mended])).toEqual([
    { state: 'APPROVED', version: 2 },
  ]);
  expect(await admin('SELECT FROM order_views WHERE id = $1', [stuck])).toEqual([]);
}, 120_000);

test('a version that is not known is set aside, and said; one from before versions were kept is the first', async () => {
  const [later, old] = [newUuid(), newUuid()];
  await receive([{ ...placed(later), dataschema: '/event-schemas/OrderCreated/2' }, placed(old)]);
  const reason = async () =>
    await admin('SELECT set_aside_reason AS reason FROM received_events WHERE subject = $1', [later]);
  expect(await reason()).toEqual([{ reason: '/event-schemas/OrderCreated/2 is not known' }]);
  await admin("UPDATE received_events SET dataschema = NULL, set_aside_reason = 'bad' WHERE subject = $1", [
    old,
  ]);
  await rebuildView(db, () => undefined);
  expect(await reason()).toEqual([{ reason: '/event-schemas/OrderCreated/2 is not known' }]);
  expect(await admin('SELECT id FROM order_views WHERE id IN ($1, $2)', [later, old])).toEqual([{ id: old }]);
}, 120_000);
