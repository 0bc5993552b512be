/** `npm run bench -- feed`: events a second of a relay, of two relays at once, and of the order history. */
import { performance } from 'node:perf_hooks';
import type { Client } from 'pg';
import { decodeCursor } from '../../events/cursor';
import { withClient } from '../../platform/postgres-session';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
import { step } from '../local/progress.cjs';
import { COLOCATED } from '../local/topology';
import { until } from '../local/until';
import { insertEvents, publishAll } from './events';
import { fill, FILL_STEP } from './filled-databases';
import { processorSeconds, serverSeconds } from './processor-time';
import { startService, stopAll } from './product';
import type { Judged } from './report';
import { type BenchServers, startBenchServers } from './servers';

const NAMESPACE = 'feed';

const POLL_MS = 100;

interface FeedResult extends Judged {
  /** Events a second. */
  readonly rates: Readonly<Record<string, number>>;
  /** Milliseconds of processor time for an event that the order history applies. */
  readonly historyMs: Readonly<Record<'process' | 'Postgres', number>>;
}

/** @param orders whose events the order history applies; a relay publishes as many events */
export async function measureFeed(orders: number): Promise<FeedResult> {
  const servers = await startBenchServers([NAMESPACE]);
  try {
    const filled = Math.ceil(orders / FILL_STEP) * FILL_STEP;
    await step(`inserting ${String(filled)} orders`, () => fill(servers.adminUrl, { from: 1, to: filled }));
    const history = await step('the order history applies their events', () => applyAll(servers));
    const relays = await relayRates(servers, orders);
    return { rates: { ...relays, 'order history': history.rate }, historyMs: history.ms };
  } finally {
    await servers.stop();
  }
}

async function relayRates({ databases }: BenchServers, events: number): Promise<Record<string, number>> {
  const order = createOrderDatabase(databases.orderUrl);
  const customer = createCustomerDatabase(databases.customerUrl);
  try {
    await insertEvents(order, events);
    const one = await step('one relay', () => publishAll(order));
    for (const db of [order, customer]) await insertEvents(db, events);
    const both = await step('two relays at once', () => Promise.all([order, customer].map(publishAll)));
    return {
      'one relay': one.rate,
      'two relays at once': both.reduce((sum, { rate }) => sum + rate, 0),
    };
  } finally {
    await Promise.all([order.$disconnect(), customer.$disconnect()]);
  }
}

/** The order history of a process as `npm start` runs it, from an empty view to the end of the feed. */
async function applyAll(servers: BenchServers) {
  return withClient(servers.adminUrl('history'), 'bench', async (db) => {
    const end = (await applied(db)) ?? NaN;
    for (const table of ['checkpoints', 'order_views', 'customer_views'])
      await db.query(`DELETE FROM ${table}`);
    const product = await startService(servers, NAMESPACE, COLOCATED);
    const now = async () => ({
      at: performance.now(),
      events: (await applied(db)) ?? 0,
      process: processorSeconds(product.child?.process.pid ?? 0) ?? NaN,
      postgres: servers.postgresPids.reduce((sum, pid) => sum + serverSeconds(pid), 0),
    });
    const first = await now();
    await until(async () => ((await applied(db)) ?? 0) >= end, { everyMs: POLL_MS });
    const last = await now();
    await stopAll([product]);
    const events = last.events - first.events;
    return {
      rate: (events / (last.at - first.at)) * 1_000,
      ms: {
        process: ((last.process - first.process) / events) * 1_000,
        Postgres: ((last.postgres - first.postgres) / events) * 1_000,
      },
    };
  });
}

/** @returns how many events the order history has applied; undefined before it has begun */
async function applied(db: Client): Promise<number | undefined> {
  const { rows } = await db.query<{ cursor: string | null }>('SELECT cursor FROM checkpoints');
  const cursor = rows[0]?.cursor ?? undefined;
  if (cursor === undefined) return undefined;
  return Object.values(decodeCursor(cursor)).reduce((sum, { position }) => sum + Number(position), 0);
}

export function printFeed({ rates, historyMs }: FeedResult): void {
  for (const [name, rate] of Object.entries(rates))
    console.log(`${name.padEnd(20)} ${rate.toFixed(0)} events/s`);
  console.log(
    `order history, milliseconds of an event: process ${historyMs.process.toFixed(2)}, Postgres ${historyMs.Postgres.toFixed(2)}`,
  );
}
