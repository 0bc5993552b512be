import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Client } from 'pg';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import { createCustomerDatabase, type CustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { CustomerDatabase as ModelCustomers } from '../../tools/simulator/customer-database';
import { decisions, largerCases } from '../../tools/simulator/larger-cases';
import type { StepResult } from '../../tools/simulator/model-steps';
import { OrderDatabase as ModelOrders } from '../../tools/simulator/order-database';
import { simulatedCustomer } from '../../tools/simulator/scenario';
import { Transaction } from '../../tools/simulator/model-table';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { askModel, askProduct, type Call, calls } from './generated-calls';
import { type RealSteps, recordRun } from './recorded-run';
import { modelRows, realRows } from './rows';
import { testSeed } from './seed';

/** 80 runs and twice 50 lists of calls: some seconds. */
const RUNS = 80;
const LISTS = 50;

/** These lists alone cause every outcome. */
const EVERY_OUTCOME_SEED = 1;

let databases: TestDatabases;
let orderDb: OrderDatabase;
let customerDb: CustomerDatabase;
let steps: RealSteps;
let orderAdmin: Client;
let customerAdmin: Client;

beforeAll(async () => {
  databases = await createTestDatabases();
  orderDb = createOrderDatabase(databases.orderUrl);
  customerDb = createCustomerDatabase(databases.customerUrl);
  steps = { ...createOrderActivities({ db: orderDb }), ...createCustomerActivities({ db: customerDb }) };
  orderAdmin = new Client({ connectionString: databases.adminOrderUrl });
  customerAdmin = new Client({ connectionString: databases.adminCustomerUrl });
  await Promise.all([orderAdmin.connect(), customerAdmin.connect()]);
});
afterAll(async () => {
  await Promise.all([orderAdmin.end(), customerAdmin.end()]);
  await Promise.all([orderDb.$disconnect(), customerDb.$disconnect()]);
  await databases.drop();
});
beforeEach(() => emptied([]));

const CUSTOMERS = [simulatedCustomer(1), simulatedCustomer(2)];

async function emptied(customers: typeof CUSTOMERS): Promise<void> {
  await orderAdmin.query('DELETE FROM orders; DELETE FROM given_up_steps; DELETE FROM outbox');
  await customerAdmin.query('DELETE FROM credit_reservations; DELETE FROM customers; DELETE FROM outbox');
  for (const { customerId, limitMinor: creditLimitMinor, currency } of customers)
    await createCustomer(customerDb, { customerId, name: 'Ada', creditLimitMinor, currency });
}

function inOrder(results: readonly StepResult[]): readonly StepResult[] {
  return [...results].sort((one, other) => one.orderId.localeCompare(other.orderId));
}

test('interleavings of the simulator: the real statements answer the same, and leave the same rows', async () => {
  let statements = 0;
  let runs = 0;
  // Three times as many as are needed: some hold rows, or leave a transaction open.
  for (const [scenario, bytes] of fc.sample(fc.tuple(largerCases, decisions), {
    seed: testSeed(),
    numRuns: RUNS * 3,
  })) {
    const run = await recordRun(scenario, bytes);
    if (!run.alone) continue;
    await emptied(CUSTOMERS);
    for (const { words, expected, again } of run.statements) {
      statements += 1;
      expect([words, inOrder(await again(steps))]).toEqual([words, inOrder(expected)]);
    }
    expect(await realRows(orderAdmin, customerAdmin)).toEqual(modelRows(run.orders, run.customers));
    runs += 1;
    if (runs === RUNS) break;
  }
  console.log(`${String(runs)} stories, ${String(statements)} statements`);
  expect(runs).toBeGreaterThanOrEqual(RUNS / 2);
  expect(statements).toBeGreaterThanOrEqual(runs * 4);
});

test('calls by any saga, in any order, with any content, on rows that are free or held: the same answers and rows', async () => {
  const seen = new Set<string>();
  const samples = [EVERY_OUTCOME_SEED, testSeed()].flatMap((seed) =>
    fc.sample(calls, { seed, numRuns: LISTS }),
  );
  for (const [index, list] of samples.entries()) {
    await emptied(CUSTOMERS);
    const orders = new ModelOrders();
    const customers = new ModelCustomers();
    for (const customer of CUSTOMERS) customers.open(customer);
    for (const call of list) {
      const expected = await whileHeld(call, orders, customers, () => askModel(call, orders, customers));
      const answered = await whileHeld(call, undefined, undefined, () => askProduct(call, steps));
      expect([call, inOrder(answered)]).toEqual([call, inOrder(expected)]);
      if (index < LISTS) for (const { outcome } of answered) seen.add(`${call.step}: ${outcome}`);
    }
    expect(await realRows(orderAdmin, customerAdmin)).toEqual(modelRows(orders, customers));
  }
  console.log([...seen].sort().join(', '));
  expect([...seen].sort()).toEqual(expect.arrayContaining(EVERY_OUTCOME));
});

const EVERY_OUTCOME = [
  ...['created', 'conflict', 'owned-by-other'].map((outcome) => `createPendingOrders: ${outcome}`),
  ...['approved', 'busy', 'wrong-state'].map((outcome) => `approveOrders: ${outcome}`),
  ...['cancelled', 'busy', 'wrong-state'].map((outcome) => `cancelOrders: ${outcome}`),
  ...['cancelling', 'cancelled', 'busy', 'wrong-state'].map((outcome) => `requestCancellations: ${outcome}`),
  'giveUpOrders: given-up',
  ...['reserved', 'rejected', 'released', 'conflict', 'busy'].map((outcome) => `reserveCredit: ${outcome}`),
  ...['released', 'conflict', 'busy'].map((outcome) => `releaseCredit: ${outcome}`),
];

/** Holds the rows that the call says, in the models or, without them, in Postgres, while `ask` runs. */
async function whileHeld(
  { holding }: Call,
  orders: ModelOrders | undefined,
  customers: ModelCustomers | undefined,
  ask: () => readonly StepResult[] | Promise<readonly StepResult[]>,
): Promise<readonly StepResult[]> {
  if (orders && customers) {
    const holder = new Transaction();
    if (holding.order !== undefined) orders.orders.hold(holding.order, holder);
    if (holding.customer !== undefined) customers.customers.hold(holding.customer, holder);
    const results = await ask();
    holder.commit();
    return results;
  }
  await Promise.all([orderAdmin.query('BEGIN'), customerAdmin.query('BEGIN')]);
  await orderAdmin.query('SELECT FROM orders WHERE id = $1 FOR UPDATE', [holding.order]);
  await customerAdmin.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [holding.customer]);
  try {
    return await ask();
  } finally {
    await Promise.all([orderAdmin.query('ROLLBACK'), customerAdmin.query('ROLLBACK')]);
  }
}
