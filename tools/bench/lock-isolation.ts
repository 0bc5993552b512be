/** How long an order takes while the orders of another customer wait for a lock. */
import { performance } from 'node:perf_hooks';
import { type Measure, type Measured, measured, shareOf } from './measure';
import { customerLocked } from './outages';
import type { Product } from './product';
import { approved, newCustomers, placed, steadily } from './requests';
import type { BenchServers } from './servers';

const CUSTOMERS = 20;

/** A gentle pace: each order is nearly alone. */
const ORDERS_A_SECOND = 15;

const WAITING = 100;
const CROWD_A_SECOND = 60;
const FEW_A_SECOND = 5;

/** Some ten seconds; no more than are over before the orders of the locked customer time out. */
const SHARE = 3 / 40;
const MOST = 300;

/** The same orders at the same pace: alone, beside orders that wait for a lock, and beside a crowd without and with a lock. */
export function lockIsolationOf(servers: BenchServers, { url }: Product): readonly Measure[] {
  const adminUrl = servers.adminUrl('customer');
  const share = (orders: number) => Math.min(shareOf(orders, SHARE), MOST);
  return [
    { name: 'strangers alone', run: (orders) => strangers(url, share(orders)) },
    {
      name: 'strangers beside a locked customer',
      run: (orders) =>
        besideLocked(adminUrl, url, async (locked) => {
          await steadily(CROWD_A_SECOND, (begun) => begun < WAITING, locked);
          return strangers(url, share(orders));
        }),
    },
    { name: 'strangers beside a few', run: (orders) => besideOthers(url, share(orders), FEW_A_SECOND) },
    {
      name: 'strangers beside a few locked ones',
      run: (orders) =>
        besideLocked(adminUrl, url, (locked) => besideOthers(url, share(orders), FEW_A_SECOND, locked)),
    },
    {
      name: 'strangers beside a crowd',
      run: (orders) => besideOthers(url, share(orders), CROWD_A_SECOND),
    },
    {
      name: 'strangers beside a locked crowd',
      run: (orders) =>
        besideLocked(adminUrl, url, (locked) => besideOthers(url, share(orders), CROWD_A_SECOND, locked)),
    },
  ];
}

/** Orders of customers whose rows are not locked. */
async function strangers(url: string, orders: number): Promise<Measured> {
  const customers = await newCustomers(url, CUSTOMERS);
  const began = performance.now();
  const latencies = await steadily(
    ORDERS_A_SECOND,
    (begun) => begun < orders,
    (index) => approved(url, String(customers[index % CUSTOMERS])),
  );
  return measured(latencies, performance.now() - began);
}

/** While the orders of one customer keep coming. */
async function besideOthers(
  url: string,
  orders: number,
  othersASecond: number,
  place?: () => Promise<string>,
): Promise<Measured> {
  const [one = ''] = await newCustomers(url, 1);
  let over = false;
  const others = steadily(othersASecond, () => !over, place ?? (() => placed(url, one)));
  try {
    return await strangers(url, orders);
  } finally {
    over = true;
    await others;
  }
}

/**
 * @param adminUrl of the customer database
 * @param measure gets what places an order of a customer whose row is locked meanwhile
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
