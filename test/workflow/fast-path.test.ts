/** Orders that arrive alone take the fast path, and cost no statement and no event more. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { createCustomer } from '../../activities/create-customer';
import { CREATE_ORDER } from '../../api/orders/saga-types';
import type { CreateOrderSettings, OrderRequest } from '../../domain/contracts';
import { sagaWorkflowId } from '../../domain/names';
import { createLogger } from '../../platform/logger';
import { connectTemporal, installTemporalRuntime, type TemporalLink } from '../../platform/temporal';
import { createCustomerDatabase, type CustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { FastPath } from '../../saga/host/fast-path';
import { GroupStarter } from '../../saga/host/group-starter';
import { createOrderSaga } from '../../workflows';
import { type RunningWorkers, startWorkers } from '../../workers/workers';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { testServers } from '../support/servers';

const settings = { creditCheckTimeoutMs: 20_000 };
const LIMIT_MINOR = 10_000;

let databases: TestDatabases;
let orderDb: OrderDatabase;
let customerDb: CustomerDatabase;
let link: TemporalLink;
let workers: RunningWorkers;
let starter: GroupStarter<OrderRequest, CreateOrderSettings>;
/** Ids of the sagas that this process started, in order. */
const started: string[] = [];
/** Steps that were executed, by service. */
const executed = { order: 0, customer: 0 };

/** Whether the starter hears of the ends of sagas. */
let reportsEnds = true;

const fastPath = new FastPath({ run: createOrderSaga.run, settings });
const ran = jest.spyOn(fastPath, 'run');

beforeAll(async () => {
  const { temporal, bundlePath } = testServers();
  databases = await createTestDatabases();
  orderDb = createOrderDatabase(databases.orderUrl);
  customerDb = createCustomerDatabase(databases.customerUrl);
  installTemporalRuntime(createLogger('silent'));
  link = await connectTemporal(temporal);
  starter = new GroupStarter<OrderRequest, CreateOrderSettings>({
    client: link.client,
    type: CREATE_ORDER,
    input: { placement: 'colocated', settings },
    eagerStart: true,
    groupMax: 50,
    groupsInFlight: 4,
    waitingMax: 100,
    fastPath,
    onStarted: ({ sagaId }) => started.push(sagaId),
  });
  workers = await startWorkers({
    connection: link.connection,
    namespace: temporal.namespace,
    bundlePath,
    order: { db: orderDb, onCommit: () => (executed.order += 1) },
    customer: { db: customerDb, onCommit: () => (executed.customer += 1) },
    fastPath,
    onSagaProgress: (sagaId, progress) => {
      if (reportsEnds) starter.sagaProgressed(sagaId, progress);
    },
  });
});

afterAll(async () => {
  await workers.stop();
  await link.connection.close();
  await Promise.all([orderDb.$disconnect(), customerDb.$disconnect()]);
  await databases.drop();
});

beforeEach(() => {
  ran.mockClear();
  started.length = 0;
  Object.assign(executed, { order: 0, customer: 0 });
});

async function orders(count: number, totalMinor: number): Promise<OrderRequest[]> {
  const customerId = randomUUID();
  const customer = { customerId, name: 'Ada', creditLimitMinor: LIMIT_MINOR, currency: 'USD' };
  await createCustomer(customerDb, customer);
  return Array.from({ length: count }, () => ({
    orderId: randomUUID(),
    customerId,
    totalMinor,
    currency: 'USD',
  }));
}

/** @returns the outcome of each saga that was started, and the number of its events */
function ended() {
  return Promise.all(
    started.map(async (sagaId) => {
      const saga = link.client.workflow.getHandle(sagaId);
      const result: unknown = await saga.result();
      return { result, events: (await saga.fetchHistory()).events?.length };
    }),
  );
}

async function submitted(all: readonly OrderRequest[]): Promise<void> {
  await Promise.all(all.map((order) => starter.submit(order, { isAwaited: true }).submitted));
}

test('an order alone: each step is executed once, and the history has the events of any other', async () => {
  const all = await orders(1, 100);
  await submitted(all);
  const outcomes = all.map(({ orderId }) => ({ orderId, state: 'APPROVED' }));
  expect(await ended()).toEqual([{ result: { outcomes }, events: 8 }]);
  expect(executed).toEqual({ order: 2, customer: 1 });
  expect(await ran.mock.results[0]?.value).toBe(true);
});

test('an order over the limit: the workflow continues where the fast path ended', async () => {
  const all = await orders(1, LIMIT_MINOR + 1);
  await submitted(all);
  const outcomes = all.map(({ orderId }) => ({ orderId, state: 'CANCELLED', reason: 'INSUFFICIENT_CREDIT' }));
  expect(await ended()).toEqual([{ result: { outcomes }, events: 8 }]);
  expect(executed).toEqual({ order: 2, customer: 1 });
  expect(await ran.mock.results[0]?.value).toBe(false);
});

test('of orders that arrive together, only the first starts alone; the others are a group', async () => {
  await submitted(await orders(10, 100));
  await ended();
  expect(started).toHaveLength(2);
  expect(ran).toHaveBeenCalledTimes(1);
});

test('while two workflows have still to end, the next order takes no fast path', async () => {
  reportsEnds = false;
  try {
    for (const order of await orders(3, 100)) {
      await submitted([order]);
      await ran.mock.results.at(-1)?.value;
    }
    expect(ran).toHaveBeenCalledTimes(2);
  } finally {
    reportsEnds = true;
  }
  await ended();
});

test('an order that nobody waits for takes no fast path', async () => {
  const [order] = await orders(1, 100);
  if (order) await starter.submit(order).submitted;
  await ended();
  expect(ran).not.toHaveBeenCalled();
});

test('an order beside the group of another client takes the fast path', async () => {
  const [first, ...others] = await orders(10, 100);
  const [beside] = await orders(1, 100);
  if (!first || !beside) throw new Error('no orders');
  const group = submitted([first, ...others]);
  await starter.submit(beside, { isAwaited: true, startsBeside: true }).submitted;
  await group;
  const outcomes = (await ended()).map(({ result }) => result);
  expect(outcomes).toContainEqual({ outcomes: [{ orderId: beside.orderId, state: 'APPROVED' }] });
  expect(started).toHaveLength(3);
  // The first one takes it only when no earlier saga has still to end.
  expect(ran).toHaveBeenCalledWith(sagaWorkflowId([beside.orderId]), beside);
});
