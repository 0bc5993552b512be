/**
 * The relay and the consumer as real processes, each killed with SIGKILL at every round trip to its database, after
 * the statement and before its reply: no event is lost, doubled, or applied twice.
 */
import type { ChildProcess } from 'node:child_process';
import { afterEach, expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { createOrderActivities } from '../../activities/order';
import { createOrderDatabase } from '../../prisma/order/client';
import { ProductProcess, type ProductProcessOptions } from '../../tools/local/product-process';
import { createTestDatabases, rowsOf } from '../support/databases';
import { holdingProxy, type Moment } from '../support/holding-proxy';
import { eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { violations } from '../support/invariants';
import { freePort } from '../../tools/local/free-port';
import { startSystem } from '../support/system';

/** Each leaves another state behind than the one before; a kill before a statement is the one after the last. */
const AFTER: Moment = 'after it, before its reply';

/** More round trips than a process makes until it has done its work: the loop must have ended by itself. */
const MAX_ROUND_TRIPS = 30;

const FIRST_TIME_ONLY = 'INSERT INTO checkpoints';

let running: ChildProcess | undefined;
/** Cleanup of what a test started, last first, also after a failure. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  running?.kill('SIGKILL');
  for (const end of ends.splice(0).reverse()) await end();
});

function run(script: ProductProcessOptions['script'], env: Record<string, string>): ChildProcess {
  const started = new ProductProcess({
    name: script,
    script,
    port: undefined,
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'silent', ...env },
  });
  running = started.start().process;
  return running;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

test('a killed relay: every event is published once, in order', async () => {
  const databases = await createTestDatabases();
  ends.push(() => databases.drop());
  const proxy = await holdingProxy(new URL(databases.orderUrl));
  ends.push(() => {
    proxy.close();
  });
  const db = createOrderDatabase(databases.orderUrl);
  ends.push(() => db.$disconnect());
  const activities = createOrderActivities({ db });
  const unpublished = async () =>
    (await rowsOf(databases.adminOrderUrl, 'SELECT id FROM outbox WHERE position IS NULL')).length;
  const start = () =>
    run('workers/relay-main.js', {
      SERVICES: 'order',
      ORDER_DATABASE_URL: proxy.through(databases.orderUrl),
    });

  // It listens, publishes and prunes on several connections, in no order: each is named.
  for (const words of [
    'LISTEN "outbox_published"',
    'LISTEN "outbox_committed"',
    'WITH relay',
    'prune_outbox',
  ]) {
    const order = { orderId: newUuid(), customerId: newUuid(), totalMinor: 100, currency: 'USD' };
    await activities.createPendingOrders({ sagaId: 'saga', items: [order] });
    const held = proxy.hold(0, AFTER, words);
    const child = start();
    await held;
    await killed(child);
    proxy.release();
  }

  const child = start();
  await eventually(async () => ((await unpublished()) === 0 ? true : undefined));
  await killed(child);
  const rows = await rowsOf(
    databases.adminOrderUrl,
    `SELECT position::integer, row_number() OVER (ORDER BY id)::integer AS place FROM outbox ORDER BY position`,
  );
  expect(rows.map(({ position }) => position)).toEqual(rows.map((_, index) => index + 1));
  expect(rows.map(({ place }) => place)).toEqual(rows.map(({ position }) => position));
}, 120_000);

test('a killed consumer: every event takes effect once', async () => {
  const system = await startSystem({ databases: await createTestDatabases({ history: true }) });
  ends.push(() => system.stop());
  const { databases, url } = system;
  const proxy = await holdingProxy(new URL(databases.historyUrl));
  ends.push(() => {
    proxy.close();
  });
  const port = String(await freePort());
  const customer = await newCustomer(url, '1000.00');
  const missing = async () => {
    const [orders, customers, received] = await Promise.all([
      countOf(databases.adminOrderUrl, 'outbox'),
      countOf(databases.adminCustomerUrl, 'outbox'),
      countOf(databases.adminHistoryUrl, 'received_events'),
    ]);
    return orders + customers - received;
  };
  const start = () =>
    run('api/main.js', {
      SERVICES: 'history',
      PORT: port,
      HOST: '127.0.0.1',
      ORDER_HISTORY_DATABASE_URL: proxy.through(databases.historyUrl),
      EVENT_FEED_URL: url,
    });

  const hits: string[] = [];
  for (let passing = 0, done = false; !done;) {
    expect(hits.length).toBeLessThan(MAX_ROUND_TRIPS);
    expect((await placeOrder(url, customer, '1.00', WAIT)).status).toBe(201);
    const held = proxy.hold(passing, AFTER);
    const child = start();
    await Promise.race([held, eventually(async () => ((await missing()) === 0 ? true : undefined))]);
    // The statement at which it was killed may have done the work.
    done = !proxy.begun();
    if (!done) {
      const { statement } = await held;
      hits.push(statement);
      // It is not made again, so what follows moves to its place.
      if (!statement.startsWith(FIRST_TIME_ONLY)) passing++;
    }
    await killed(child);
    proxy.release();
  }
  for (const statement of [FIRST_TIME_ONLY, 'WITH generation AS'])
    expect(hits).toContainEqual(expect.stringContaining(statement));

  const child = start();
  await eventually(async () => ((await missing()) === 0 ? true : undefined));
  await killed(child);
  expect(await violations(databases, { client: system.client, withHistory: true })).toEqual([]);
}, 180_000);

async function countOf(url: string, table: string): Promise<number> {
  const [row] = await rowsOf(url, `SELECT count(*)::integer AS count FROM ${table}`);
  return Number(row?.['count']);
}
