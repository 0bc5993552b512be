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

const LOCKED_ORDERS = 100;
const LOCKED_ORDERS_A_SECOND = 60;

/** Some ten seconds; no more than are over before the orders of the locked customer time out. */
const SHARE = 3 / 40;
const MOST = 300;

/** The same at their pace, without and with a customer whose row is locked. */
export function strangersOf(servers: BenchServers, { url }: Product): readonly Measure[] {
  const share = (orders: number) => Math.min(shareOf(orders, SHARE), MOST);
  return [
    { name: 'strangers alone', run: (orders) => strangers(url, share(orders)) },
    {
      name: 'strangers beside a locked customer',
      run: (orders) => strangersBeside(servers.adminUrl('customer'), url, share(orders)),
    },
  ];
}

/** The orders of several customers, none of whom is locked. */
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

/** @param adminUrl of the customer database */
async function strangersBeside(adminUrl: string, url: string, orders: number): Promise<Measured> {
  const [locked = ''] = await newCustomers(url, 1);
  const held = await customerLocked(adminUrl, locked);
  try {
    await steadily(
      LOCKED_ORDERS_A_SECOND,
      (begun) => begun < LOCKED_ORDERS,
      () => placed(url, locked),
    );
    return await strangers(url, orders);
  } finally {
    await held.end();
  }
}
