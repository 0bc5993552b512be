/** `npm run bench -- statements`: the steps of an order through Prisma, as the product runs them, and through bare `pg`. */
import { randomUUID } from 'node:crypto';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import { createPool } from '../../platform/postgres-session';
import { createCustomerDatabase, type CustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { step } from '../local/progress.cjs';
import { overDriver } from './driver-statements';
import { type Ratio, ratioOf } from './report';
import { MANY_CUSTOMERS, startBenchServers } from './servers';
import { alternating, type ListShape, type StatementCost, type Steps } from './statement-samples';

/** A step costs at most so much more than its statement through the driver, ms. */
const ABOVE_DRIVER_MAX = 1;

/** Of the lists of a run: connections, plans and the compiler's caches. */
const WARM_UP_LISTS = 50;

const CREDIT_MINOR = 900_000_000_000;

interface Shape extends ListShape {
  readonly name: string;
  /** Of the lists of one order. */
  readonly share: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'one order', orders: 1, customers: MANY_CUSTOMERS, share: 1 },
  { name: '50 orders', orders: 50, customers: MANY_CUSTOMERS, share: 1 / 4 },
  { name: '50 orders of one customer', orders: 50, customers: 1, share: 1 / 4 },
];

interface Databases {
  readonly order: OrderDatabase;
  readonly customer: CustomerDatabase;
}

interface StatementsResult {
  /** By step and list. */
  readonly measures: Readonly<Record<string, StatementCost>>;
  readonly ratios: readonly Ratio[];
}

/** @param lists of one order, through Prisma and through the driver in turn */
export async function measureStatements(lists: number): Promise<StatementsResult> {
  const servers = await startBenchServers([]);
  const { orderUrl, customerUrl } = servers.databases;
  const pools = { order: createPool(orderUrl, 'bench'), customer: createPool(customerUrl, 'bench') };
  const databases = { order: createOrderDatabase(orderUrl), customer: createCustomerDatabase(customerUrl) };
  const throughPrisma = stepsOf(databases);
  const throughDriver = stepsOf({
    order: overDriver(databases.order, pools.order),
    customer: overDriver(databases.customer, pools.customer),
  });
  try {
    const customers = await newCustomers(databases.customer);
    const measures: Record<string, StatementCost> = {};
    for (const shape of SHAPES) {
      const run = (count: number) => alternating([throughPrisma, throughDriver], shape, customers, count);
      await run(WARM_UP_LISTS);
      const costs = await step(shape.name, () => run(Math.ceil(lists * shape.share)));
      for (const [name, cost] of Object.entries(costs)) measures[`${name}, ${shape.name}`] = cost;
    }
    const above = Object.entries(measures).map(([name, { prisma, driver }]) =>
      ratioOf(`${name}: p50 above the driver's, ms`, prisma.p50 - driver.p50, { most: ABOVE_DRIVER_MAX }),
    );
    return { measures, ratios: above };
  } finally {
    await Promise.all([databases.order.$disconnect(), databases.customer.$disconnect()]);
    await Promise.all([pools.order.end(), pools.customer.end()]);
    await servers.stop();
  }
}

function stepsOf({ order, customer }: Databases): Steps {
  return { ...createOrderActivities({ db: order }), ...createCustomerActivities({ db: customer }) };
}

async function newCustomers(db: CustomerDatabase): Promise<readonly string[]> {
  const customers = Array.from({ length: MANY_CUSTOMERS }, () => randomUUID());
  for (const customerId of customers)
    await createCustomer(db, {
      customerId,
      name: 'Bench',
      creditLimitMinor: CREDIT_MINOR,
      currency: 'USD',
    });
  return customers;
}

export function printStatements({ measures }: StatementsResult): void {
  console.table(
    Object.fromEntries(
      Object.entries(measures).map(([name, { prisma, driver }]) => [
        name,
        {
          'Prisma p50 ms': prisma.p50.toFixed(2),
          'pg p50 ms': driver.p50.toFixed(2),
          'above ms': (prisma.p50 - driver.p50).toFixed(2),
          'Prisma CPU ms': prisma.cpuMs.toFixed(2),
          'pg CPU ms': driver.cpuMs.toFixed(2),
        },
      ]),
    ),
  );
}
