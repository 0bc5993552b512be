/** The latency of an order while another customer's orders wait for a lock. */
import { performance } from 'node:perf_hooks';
import { type Measure, type Measured, measured, shareOf } from './measure';
import { customerLocked } from './outages';
import type { Product } from './product';
import { approved, newCustomers, placed, steadily } from './requests';
import type { BenchServers } from './servers';

const CUSTOMERS = 20;

/** A low rate: orders hardly overlap. */
const ORDERS_PER_SECOND = 15;

const WAITING = 100;
const CROWD_PER_SECOND = 60;
const FEW_PER_SECOND = 5;

/** About ten seconds of orders; all must complete before the locked customer's orders time out. */
const SHARE = 3 / 40;
const MOST = 300;

/** The same orders at the same rate: alone, beside waiting orders, and beside other orders with and without a lock. */
export function lockIsolationOf(servers: BenchServers, { url }: Product): readonly Measure[] {
  const adminUrl = servers.adminUrl('customer');
  const share = (orders: number) => Math.min(shareOf(orders, SHARE), MOST);
  return [
    { name: 'strangers alone', run: (orders) => strangers(url, share(orders)) },
    {
      name: 'strangers beside a locked customer',
      run: (orders) =>
        besideLocked(adminUrl, url, async (locked) => {
          await steadily(CROWD_PER_SECOND, (begun) => begun < WAITING, locked);
          return strangers(url, share(orders));
        }),
    },
    { name: 'strangers beside a few', run: (orders) => besideOthers(url, share(orders), FEW_PER_SECOND) },
    {
      name: 'strangers beside a few locked ones',
      run: (orders) =>
        besideLocked(adminUrl, url, (locked) => besideOthers(url, share(orders), FEW_PER_SECOND, locked)),
    },
    {
      name: 'strangers beside a crowd',
      run: (orders) => besideOthers(url, share(orders), CROWD_PER_SECOND),
    },
    {
      name: 'strangers beside a locked crowd',
      run: (orders) =>
        besideLocked(adminUrl, url, (locked) => besideOthers(url, share(orders), CROWD_PER_SECOND, locked)),
    },
  ];
}

/** Orders of customers whose rows are not locked. */
async function strangers(url: string, orders: number): Promise<Measured> {
  const customers = await newCustomers(url, CUSTOMERS);
  const began = performance.now();
  const latencies = await steadily(
    ORDERS_PER_SECOND,
    (begun) => begun < orders,
    (index) => approved(url, String(customers[index % CUSTOMERS])),
  );
  return measured(latencies, performance.now() - began);
}

/** Measures while orders of another customer arrive at a steady rate. */
async function besideOthers(
  url: string,
  orders: number,
  othersPerSecond: number,
  place?: () => Promise<string>,
): Promise<Measured> {
  const [one = ''] = await newCustomers(url, 1);
  let over = false;
  const others = steadily(othersPerSecond, () => !over, place ?? (() => placed(url, one)));
  try {
    return await strangers(url, orders);
  } finally {
    over = true;
    await others;
  }
}

/**
 * @param adminUrl superuser's URL of the customer database
 * @param measure gets a function that places an order of the customer whose row is locked
 */
async function besideLocked(
  adminUrl: string,
  url: string,
  measure: (place: () => Promise<string>) => Promise<Measured>,
): Promise<Measured> {
  const [locked = ''] = await newCustomers(url, 1);
  const held = await customerLocked(adminUrl, locked);
  try {
    return await measure(() => placed(url, locked));
  } finally {
    await held.end();
  }
}
