/**
 * What every saga must hold to, whatever its steps: each step may be repeated, a failure at any step before
 * the pivot is unwound completely, and unwinding again changes nothing. The steps are the real ones on real
 * databases; their failures are put around them from outside.
 */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Worker } from '@temporalio/worker';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import type { CreateOrderSettings, CreditSteps, OrderRequest, OrderSteps } from '../../domain/contracts';
import { CREATE_ORDER_SAGA, ORDER_TASK_QUEUE } from '../../domain/names';
import { createLogger } from '../../platform/logger';
import { connectTemporal, installTemporalRuntime, type TemporalLink } from '../../platform/temporal';
import { createCustomerDatabase, type CustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import type { SagaInput } from '../../saga/contract';
import { createOrderWorker } from '../../workers/order-worker';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { testServers } from '../support/servers';

type Steps = OrderSteps & CreditSteps;
type Moment = 'before its statement' | 'after its commit';

let databases: TestDatabases;
let orderDb: OrderDatabase;
let customerDb: CustomerDatabase;
let link: TemporalLink;
let worker: Worker;
let running: Promise<void>;

/** Failures still to come, by step; each is thrown once. */
const failures = new Map<keyof Steps, { moment: Moment; failure: Error }>();

function failing<Request, Result>(step: keyof Steps, run: (request: Request) => Promise<Result>) {
  return async (request: Request): Promise<Result> => {
    const planned = failures.get(step);
    if (planned?.moment === 'before its statement') {
      failures.delete(step);
      throw planned.failure;
    }
    const result = await run(request);
    if (!planned) return result;
    failures.delete(step);
    throw planned.failure;
  };
}

beforeAll(async () => {
  const { temporal, bundlePath } = testServers();
  databases = await createTestDatabases();
  orderDb = createOrderDatabase(databases.orderUrl);
  customerDb = createCustomerDatabase(databases.customerUrl);
  installTemporalRuntime(createLogger('silent'));
  link = await connectTemporal(temporal);
  const order = createOrderActivities({ db: orderDb });
  const credit = createCustomerActivities({ db: customerDb });
  const steps: Steps = {
    createPendingOrders: failing('createPendingOrders', (request) => order.createPendingOrders(request)),
    approveOrders: failing('approveOrders', (request) => order.approveOrders(request)),
    cancelOrders: failing('cancelOrders', (request) => order.cancelOrders(request)),
    requestCancellations: failing('requestCancellations', (request) => order.requestCancellations(request)),
    reserveCredit: failing('reserveCredit', (request) => credit.reserveCredit(request)),
    releaseCredit: failing('releaseCredit', (request) => credit.releaseCredit(request)),
    giveUpOrders: failing('giveUpOrders', (request) => order.giveUpOrders(request)),
  };
  worker = await createOrderWorker({
    connection: link.connection,
    namespace: temporal.namespace,
    bundlePath,
    orderSteps: steps,
    creditSteps: steps,
  });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await link.connection.close();
  await Promise.all([orderDb.$disconnect(), customerDb.$disconnect()]);
  await databases.drop();
});

async function newOrder(): Promise<OrderRequest> {
  const customerId = randomUUID();
  await createCustomer(customerDb, { customerId, name: 'Ada', creditLimitMinor: 1_000, currency: 'USD' });
  return { orderId: randomUUID(), customerId, totalMinor: 100, currency: 'USD' };
}

/** @returns the saga's status and, when it failed, its failure's type */
async function runSaga(order: OrderRequest): Promise<string[]> {
  const input: SagaInput<OrderRequest, CreateOrderSettings> = {
    placement: 'colocated',
    settings: { creditCheckTimeoutMs: 20_000 },
    subjects: [order],
  };
  const handle = await link.client.workflow.start(CREATE_ORDER_SAGA, {
    workflowId: `order-${order.orderId}`,
    taskQueue: ORDER_TASK_QUEUE,
    args: [input],
  });
  const failure = await handle.result().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.cause : undefined),
  );
  const { status } = await handle.describe();
  return [status.name, ...(failure instanceof ApplicationFailure ? [failure.type ?? ''] : [])];
}

/** Everything that the two databases know of the order. */
async function traces({ orderId, customerId }: OrderRequest) {
  const events = 'SELECT type FROM outbox WHERE aggregate_id = $1 ORDER BY sequence';
  const orders = await rowsOf(databases.adminOrderUrl, 'SELECT state FROM orders WHERE id = $1', [orderId]);
  const reserved = await rowsOf(
    databases.adminCustomerUrl,
    'SELECT reserved_minor::int AS minor FROM customers WHERE id = $1',
    [customerId],
  );
  const told = [
    ...(await rowsOf(databases.adminOrderUrl, events, [orderId])),
    ...(await rowsOf(databases.adminCustomerUrl, events, [orderId])),
  ];
  return {
    state: orders[0]?.['state'],
    reserved: reserved[0]?.['minor'],
    events: told.map(({ type }) => type),
  };
}

const APPROVED = {
  state: 'APPROVED',
  reserved: 100,
  events: ['OrderCreated', 'OrderApproved', 'CreditReserved'],
};
const MOMENTS: Moment[] = ['before its statement', 'after its commit'];
const FORWARD = ['createPendingOrders', 'reserveCredit', 'approveOrders'] as const;

test.each(FORWARD.flatMap((step) => MOMENTS.map((moment) => [step, moment] as const)))(
  '%s fails once, %s, for a reason that passes: the order is approved, each transition once',
  async (step, moment) => {
    const order = await newOrder();
    failures.set(step, { moment, failure: new Error('the connection was lost') });
    expect(await runSaga(order)).toEqual(['COMPLETED']);
    expect(await traces(order)).toEqual(APPROVED);
  },
);

const bug = (message: string) => ApplicationFailure.nonRetryable(message, 'Bug');

test.each(
  (['createPendingOrders', 'approveOrders'] as const).flatMap((step) =>
    MOMENTS.map((moment) => [step, moment] as const),
  ),
)('%s, which must succeed, fails for good once, %s: it is asked again', async (step, moment) => {
  const order = await newOrder();
  failures.set(step, { moment, failure: bug('it cannot be') });
  expect(await runSaga(order)).toEqual(['COMPLETED']);
  expect(await traces(order)).toEqual(APPROVED);
});

test.each([
  [
    'reserveCredit',
    'before its statement',
    { state: 'CANCELLED', reserved: 0, events: ['OrderCreated', 'OrderCancelled', 'CreditReleased'] },
  ],
  [
    'reserveCredit',
    'after its commit',
    {
      state: 'CANCELLED',
      reserved: 0,
      events: ['OrderCreated', 'OrderCancelled', 'CreditReserved', 'CreditReleased'],
    },
  ],
] as const)(
  '%s fails for good, %s: the saga fails loudly, and is unwound completely',
  async (step, moment, unwound) => {
    const order = await newOrder();
    failures.set(step, { moment, failure: bug('it cannot be') });
    expect(await runSaga(order)).toEqual(['FAILED', 'SagaFailed']);
    expect(await traces(order)).toEqual(unwound);
  },
);

test.each(
  (['cancelOrders', 'releaseCredit'] as const).flatMap((step) =>
    MOMENTS.map((moment) => [step, moment] as const),
  ),
)(
  'while unwinding, %s fails once, %s: it is asked again, and everything is unwound once',
  async (step, moment) => {
    const order = await newOrder();
    failures.set('reserveCredit', { moment: 'after its commit', failure: bug('it cannot be') });
    failures.set(step, { moment, failure: new Error('the connection was lost') });
    expect(await runSaga(order)).toEqual(['FAILED', 'SagaFailed']);
    expect(await traces(order)).toMatchObject({ state: 'CANCELLED', reserved: 0 });
    expect((await traces(order)).events).toHaveLength(4);
  },
);

test('a compensation that fails for good once is asked again', async () => {
  const order = await newOrder();
  failures.set('reserveCredit', { moment: 'after its commit', failure: bug('it cannot be') });
  failures.set('releaseCredit', { moment: 'before its statement', failure: bug('nor can this') });
  expect(await runSaga(order)).toEqual(['FAILED', 'SagaFailed']);
  expect(await traces(order)).toMatchObject({ state: 'CANCELLED', reserved: 0 });
});

test('a saga that ran to its end, run again from the start, changes nothing', async () => {
  for (const unwind of [false, true]) {
    const order = await newOrder();
    if (unwind) failures.set('reserveCredit', { moment: 'after its commit', failure: bug('it cannot be') });
    await runSaga(order);
    const before = await traces(order);
    await runSaga(order);
    expect(await traces(order)).toEqual(before);
    expect(before.state).toBe(unwind ? 'CANCELLED' : 'APPROVED');
  }
});
