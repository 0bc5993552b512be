/** How fast orders that have waited for the customer database are decided when it is back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type Measure, type Measured, measured } from './measure';
import { customersHang, databaseAway, type Outage } from './outages';
import type { Product } from './product';
import { newCustomers, placed, steadily } from './requests';
import type { BenchServers } from './servers';

/** Few: groups that are retried at once want the same rows. */
const CUSTOMERS = 20;

const ORDERS_A_SECOND_MEANWHILE = 60;
const ORDERS_A_SECOND_AFTERWARDS = 15;

const LOOK_EACH_MS = 200;

/** Some seventeen seconds' worth. */
const SHARE = 1 / 2;
/** Fewer take no longer than the pause that each saga is in, and say only how long that is. */
const LEAST = 600;
/** More are not decided before the first of them times out. */
const MOST = 1_200;

/** On a database that is away, and on one that does not answer. */
export function backlogsOf(servers: BenchServers, { url }: Product): readonly Measure[] {
  const adminUrl = servers.adminUrl('customer');
  const { orderUrl } = servers.databases;
  const run = (outage: (adminUrl: string) => Promise<Outage>) => (orders: number) =>
    workedOff({
      url,
      orderUrl,
      orders: Math.min(Math.max(Math.round(orders * SHARE), LEAST), MOST),
      outage: () => outage(adminUrl),
    });
  return [
    { name: 'backlog after an outage', run: run(databaseAway) },
    { name: 'backlog after a hang', run: run(customersHang) },
  ];
}

interface Backlog {
  /** Of the API. */
  readonly url: string;
  readonly orderUrl: string;
  /** Orders that arrive during the outage. */
  readonly orders: number;
  /** Begins it. */
  readonly outage: () => Promise<Outage>;
}

/**
 * Orders arrive during an outage, and at a lower pace from its end until the backlog is decided; each is accepted. The
 * rate counts all orders that are decided after the first decision, until the backlog's last one. Latencies are the
 * backlog's, from the end of the outage: when the first orders are decided depends on the pause that their saga is in.
 *
 * @throws Error when an order is not accepted, or not approved
 */
async function workedOff({ url, orderUrl, orders, outage }: Backlog): Promise<Measured> {
  const customers = await newCustomers(url, CUSTOMERS);
  const place = (index: number) => placed(url, String(customers[index % CUSTOMERS]));
  const db = new Client({ connectionString: orderUrl });
  await db.connect();
  try {
    const over = await outage();
    let backlog: readonly string[];
    try {
      backlog = await steadily(ORDERS_A_SECOND_MEANWHILE, (begun) => begun < orders, place);
    } finally {
      await over.end();
    }
    const back = Date.now();
    let worked = false;
    const later = steadily(ORDERS_A_SECOND_AFTERWARDS, () => !worked, place);
    try {
      await allDecided(db, backlog);
    } finally {
      worked = true;
    }
    await allDecided(db, await later);
    return rateOf(await decisions(db, customers), new Set(backlog), back);
  } finally {
    await db.end();
  }
}

async function allDecided(db: Client, orders: readonly string[]): Promise<void> {
  const pending = `SELECT FROM orders WHERE id = ANY ($1::uuid[]) AND state = 'PENDING' LIMIT 1`;
  while ((await db.query(pending, [orders])).rowCount !== 0) await sleep(LOOK_EACH_MS);
}

interface Decision {
  readonly orderId: string;
  readonly state: string;
  /** Milliseconds of the epoch. */
  readonly at: number;
}

/** When the deciding transaction of each order was committed. */
async function decisions(db: Client, customers: readonly string[]): Promise<readonly Decision[]> {
  const { rows } = await db.query<Decision>(
    `SELECT id AS "orderId", state::text, extract(epoch FROM pg_xact_commit_timestamp(xmin))::double precision * 1000 AS at
      FROM orders WHERE customer_id = ANY ($1::uuid[])`,
    [customers],
  );
  return rows;
}

function rateOf(decided: readonly Decision[], backlog: ReadonlySet<string>, back: number): Measured {
  const lost = decided.find(({ state }) => state !== 'APPROVED');
  if (lost) throw new Error(`an order ended as ${lost.state}`);
  const mine = decided.filter(({ orderId }) => backlog.has(orderId)).map(({ at }) => at);
  const [first, last] = [Math.min(...decided.map(({ at }) => at)), Math.max(...mine)];
  const counted = decided.filter(({ at }) => at > first && at <= last);
  return {
    ...measured(
      mine.map((at) => at - back),
      last - first,
    ),
    rate: (counted.length / (last - first)) * 1_000,
    firstAfterMs: first - back,
  };
}
