/** A snapshot of the services' rows and the feed after it: together they give the view each effect once, whatever commits meanwhile. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import { CursorTooOld } from '../../events/cursor';
import { databaseLog } from '../../events/event-log';
import { EventFeed } from '../../events/feed';
import { pruneEvents, publishEvents } from '../../events/publish';
import { serviceSnapshot } from '../../ops/service-snapshot';
import { createLogger } from '../../platform/logger';
import { Notifier } from '../../platform/notifier';
import { createCustomerDatabase, type CustomerDatabase } from '../../prisma/customer/client';
import { createHistoryDatabase, type HistoryDatabase } from '../../prisma/history/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import type { ConsumerStore } from '../../projections/consumer/consumer';
import { readAsOf } from '../../projections/order-history/read';
import { rebuildView } from '../../projections/order-history/rebuild';
import { historyStore } from '../../projections/order-history/store';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { eventBase } from '../support/event-base';

let databases: TestDatabases;
let orders: OrderDatabase;
let customers: CustomerDatabase;
let history: HistoryDatabase;
let feed: EventFeed;
let store: ConsumerStore;

beforeAll(async () => {
  databases = await createTestDatabases({ history: true });
  orders = createOrderDatabase(databases.orderUrl);
  customers = createCustomerDatabase(databases.customerUrl);
  history = createHistoryDatabase(databases.historyUrl);
  store = historyStore(history, () => undefined);
  feed = new EventFeed(
    [
      databaseLog('/order-service', orders, new Notifier(), eventBase),
      databaseLog('/customer-service', customers, new Notifier(), eventBase),
    ],
    createLogger('silent'),
  );
});
afterAll(async () => {
  await Promise.all([orders.$disconnect(), customers.$disconnect(), history.$disconnect()]);
  await databases.drop();
});

async function newCustomer(): Promise<string> {
  const customerId = newUuid();
  await createCustomer(customers, { customerId, name: 'Ada', creditLimitMinor: 100_000, currency: 'USD' });
  return customerId;
}

/** As sagas do it: an approved order, or one that is cancelled again. */
async function order(customerId: string, isCancelled: boolean): Promise<void> {
  const steps = { ...createOrderActivities({ db: orders }), ...createCustomerActivities({ db: customers }) };
  const request = { orderId: newUuid(), customerId, totalMinor: 100, currency: 'USD' };
  const { orderId } = request;
  const asked = { sagaId: `order-${orderId}`, items: [request] };
  await steps.createPendingOrders(asked);
  await steps.reserveCredit(asked);
  await steps.approveOrders(asked);
  if (!isCancelled) return;
  await steps.requestCancellations(asked);
  await steps.releaseCredit(asked);
  await steps.cancelOrders({ ...asked, items: [{ orderId, reason: 'CUSTOMER_REQUEST' }] });
}

async function publish(): Promise<void> {
  for (const db of [orders, customers]) while ((await publishEvents(db, 500)) !== 0);
}

async function prune(): Promise<void> {
  for (const db of [orders, customers]) await pruneEvents(db, 0, 10_000);
}

/** Takes in one page, as the consumer does. @returns whether there may be more */
async function followOnce(): Promise<boolean> {
  const after = await store.checkpoint();
  try {
    const page = await feed.read(after ?? undefined, 20);
    await store.applyPage(after, { ...page, items: page.items.map(({ event }) => event) }, []);
    return page.items.length > 0;
  } catch (error) {
    if (!(error instanceof CursorTooOld)) throw error;
    await store.startLater(after, error.startsAfter);
    return true;
  }
}

async function followToEnd(): Promise<void> {
  while (await followOnce());
}

const rebuildFromServices = () =>
  rebuildView(history, () => undefined, serviceSnapshot({ orders, customers }));

async function expectEqualRows(): Promise<void> {
  const viewOf = (table: string, columns: string) =>
    rowsOf(
      databases.adminHistoryUrl,
      `SELECT ${columns} FROM ${table} WHERE generation = (SELECT number FROM generations WHERE current) ORDER BY id`,
    );
  const customer = 'id, credit_limit_minor, currency, reserved_minor, version';
  const columns =
    'id, customer_id, total_minor, currency, state, cancellation_reason, version, created_at, updated_at';
  expect(await viewOf('customer_views', customer)).toEqual(
    await rowsOf(databases.adminCustomerUrl, `SELECT ${customer} FROM customers ORDER BY id`),
  );
  expect(await viewOf('order_views', columns)).toEqual(
    await rowsOf(databases.adminOrderUrl, `SELECT ${columns} FROM orders ORDER BY id`),
  );
}

test('events that were committed before the snapshot and published after it count once', async () => {
  const customerId = await newCustomer();
  await order(customerId, false);
  await order(customerId, true);
  await publish();
  await prune();
  await order(customerId, false);
  await order(customerId, true);
  await newCustomer();
  // The view has received nothing, or has run ahead, and the events are published after the snapshot.
  await rebuildFromServices();
  await publish();
  await followToEnd();
  await expectEqualRows();
  await rebuildFromServices();
  await expectEqualRows();
  expect(await readAsOf(history)).toMatchObject({ complete: true, startsAfter: {} });
});

test('a rebuild without a new snapshot starts from the last one, and drops all generations but these', async () => {
  await order(await newCustomer(), true);
  await publish();
  await followToEnd();
  const { generation } = await rebuildView(history, () => undefined);
  await expectEqualRows();
  const rows = await rowsOf(
    databases.adminHistoryUrl,
    'SELECT number, current, base FROM generations ORDER BY number',
  );
  expect(rows).toEqual([
    { number: rows[0]?.['number'], current: false, base: null },
    { number: generation, current: true, base: rows[0]?.['number'] },
  ]);
});

test('snapshots while sagas commit, a relay publishes and the consumer follows', async () => {
  const shoppers = await Promise.all(Array.from({ length: 4 }, newCustomer));
  let writing = true;
  const writers = shoppers.map(async (customerId, index) => {
    for (let count = 0; count < 25; count++) await order(customerId, (count + index) % 2 === 0);
  });
  const until = async (work: () => Promise<unknown>) => {
    while (writing) await work();
  };
  const beside = [until(publish), until(followOnce)];
  const snapshots = Array.from({ length: 6 }, () => 0).reduce<Promise<unknown>>(
    (before) => before.then(rebuildFromServices),
    Promise.resolve(),
  );
  await Promise.all([...writers, snapshots]).finally(() => {
    writing = false;
  });
  await Promise.all(beside);
  await publish();
  await followToEnd();
  await expectEqualRows();
}, 120_000);

test('pruned faster than the consumer follows: one snapshot, and all rows are right', async () => {
  const customerId = await newCustomer();
  for (let round = 0; round < 6; round++) {
    await order(customerId, round % 2 === 0);
    await publish();
    if (round % 3 === 0) await followOnce();
    await prune();
  }
  await followToEnd();
  expect(await readAsOf(history)).toMatchObject({ complete: false, followedTo: null });
  await order(customerId, true);
  await rebuildFromServices();
  await order(customerId, true);
  await publish();
  await followToEnd();
  await expectEqualRows();
  expect(await readAsOf(history)).toMatchObject({ complete: true, followedTo: expect.any(Date) });
});

test('a snapshot does not survive a loss of events: the view waits for a new one', async () => {
  const asOf = () => readAsOf(history);
  const { generation } = await asOf();
  await store.restart(await store.checkpoint());
  expect(await asOf()).toMatchObject({ recovering: true });
  await publish();
  await followToEnd();
  expect(await asOf()).toMatchObject({ complete: false, followedTo: null, recovering: false, generation });
  await order(await newCustomer(), true);
  await publish();
  await followToEnd();
  await rebuildFromServices();
  await followOnce();
  await expectEqualRows();
  expect(await asOf()).toMatchObject({ complete: true, followedTo: expect.any(Date) });
});
