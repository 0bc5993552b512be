/** The rate at which a backlog of orders is decided after an outage of the customer database. */
import type { Client } from 'pg';
import { connectClient } from '../../platform/postgres-session';
import { until } from '../local/until';
import { type Measure, type Measured, measured } from './measure';
import { customersHang, databaseAway, type Outage } from './outages';
import type { Product } from './product';
import { newCustomers, placed, steadily } from './requests';
import type { BenchServers } from './servers';

/** Few, so that concurrent retries of groups contend for the same rows. */
const CUSTOMERS = 20;

const OUTAGE_ORDERS_PER_SECOND = 60;
const RECOVERY_ORDERS_PER_SECOND = 15;

const POLL_MS = 200;

/** About seventeen seconds of orders. */
const SHARE = 1 / 2;
/** A smaller backlog measures only the sagas' current retry pause. */
const MIN_ORDERS = 600;
/** A larger backlog is not decided before its first order times out. */
const MAX_ORDERS = 1_200;

/** After an outage of the database, and after a hang. */
export function backlogsOf(servers: BenchServers, { url }: Product): readonly Measure[] {
  const adminUrl = servers.adminUrl('customer');
  const { orderUrl } = servers.databases;
  const run = (outage: (adminUrl: string) => Promise<Outage>) => (orders: number) =>
    backlogRate({
      url,
      orderUrl,
      orders: Math.min(Math.max(Math.round(orders * SHARE), MIN_ORDERS), MAX_ORDERS),
      outage: () => outage(adminUrl),
    });
  return [
    { name: 'backlog after an outage', run: run(databaseAway) },
    { name: 'backlog after a hang', run: run(customersHang) },
  ];
}

interface Backlog {
  /** URL of the API. */
  readonly url: string;
  readonly orderUrl: string;
  /** Orders that arrive during the outage. */
  readonly orders: number;
  /** Begins the outage. */
  readonly outage: () => Promise<Outage>;
}

/**
 * Places orders during an outage, and at a lower rate from its end until the backlog is decided. The rate counts
 * all orders decided after the first decision, up to the backlog's last one. Latencies are the backlog's, in
 * milliseconds from the end of the outage; the first ones depend on the sagas' current retry pause.
 *
 * @throws Error when an order is not accepted, or not approved
 */
async function backlogRate({ url, orderUrl, orders, outage }: Backlog): Promise<Measured> {
  const customers = await newCustomers(url, CUSTOMERS);
  const place = (index: number) => placed(url, String(customers[index % CUSTOMERS]));
  const db = await connectClient(orderUrl, 'bench');
  try {
    const over = await outage();
    let backlog: readonly string[];
    try {
      backlog = await steadily(OUTAGE_ORDERS_PER_SECOND, (begun) => begun < orders, place);
    } finally {
      await over.end();
    }
    const back = Date.now();
    let decided = false;
    const later = steadily(RECOVERY_ORDERS_PER_SECOND, () => !decided, place);
    try {
      await allDecided(db, backlog);
    } finally {
      decided = true;
    }
    await allDecided(db, await later);
    return rateOf(await decisions(db, customers), new Set(backlog), back);
  } finally {
    await db.end();
  }
}

async function allDecided(db: Client, orders: readonly string[]): Promise<void> {
  const pending = `SELECT FROM orders WHERE id = ANY ($1::uuid[]) AND state = 'PENDING' LIMIT 1`;
  const areDecided = async () => (await db.query(pending, [orders])).rowCount === 0;
  await until(areDecided, { everyMs: POLL_MS });
}

interface Decision {
  readonly orderId: string;
  readonly state: string;
  /** Milliseconds since the epoch. */
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
  const unapproved = decided.find(({ state }) => state !== 'APPROVED');
  if (unapproved) throw new Error(`an order that must be approved ended as ${unapproved.state}`);
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
