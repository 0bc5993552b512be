/** Orders that arrive alone take the fast path across the processes of two services; the task queue remains the authority. */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { Problem } from '../../api/http/problems';
import { creditStepRequests } from '../../api/orders/credit-step-requests';
import { CREATE_ORDER } from '../../api/orders/saga-types';
import type { CreateOrderSettings, OrderRequest } from '../../domain/contracts';
import { sagaWorkflowId } from '../../domain/names';
import { createLogger } from '../../platform/logger';
import { connectTemporal, installTemporalRuntime, type TemporalLink } from '../../platform/temporal';
import { createCustomerDatabase, type CustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase, type OrderDatabase } from '../../prisma/order/client';
import { FAST_PATH_MS, FastPath } from '../../saga/host/fast-path';
import { GroupStarter } from '../../saga/host/group-starter';
import { RequestedSteps } from '../../saga/host/requested-steps';
import { createOrderSaga } from '../../workflows';
import { type RunningWorkers, startWorkers } from '../../workers/workers';
import { creditStepServer } from '../support/credit-step-server';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { eventually } from '../support/http';
import { eventsIn } from '../support/requested-steps';
import { testServers } from '../support/servers';

const settings = { creditCheckTimeoutMs: 60_000 };
const LIMIT_MINOR = 10_000;

let databases: TestDatabases;
let orderDb: OrderDatabase;
let customerDb: CustomerDatabase;
let link: TemporalLink;
let customerService: Server;
let orderWorkers: RunningWorkers;
/** Of the customer service, when it polls its task queue. */
let customerWorkers: RunningWorkers | undefined;
let starter: GroupStarter<OrderRequest, CreateOrderSettings>;
let fastPath: FastPath<OrderRequest, CreateOrderSettings>;
let ran: jest.Spied<typeof fastPath.run>;
const requestedSteps = new RequestedSteps();
/** Steps that were executed, by service. */
const executed = { order: 0, customer: 0 };

/** What happens to a request of the fast path, around its step. */
let [before, after]: [() => Promise<void>, () => void] = [() => Promise.resolve(), () => undefined];

beforeAll(async () => {
  const { temporal, bundlePath } = testServers();
  databases = await createTestDatabases();
  orderDb = createOrderDatabase(databases.orderUrl);
  customerDb = createCustomerDatabase(databases.customerUrl);
  installTemporalRuntime(createLogger('silent'));
  link = await connectTemporal(temporal);
  const requests = creditStepRequests(await listen(), {}, FAST_PATH_MS);
  fastPath = new FastPath({ run: createOrderSaga.run, settings, requests });
  ran = jest.spyOn(fastPath, 'run');
  starter = new GroupStarter<OrderRequest, CreateOrderSettings>({
    client: link.client,
    type: CREATE_ORDER,
    input: { placement: 'distributed', settings },
    eagerStart: true,
    groupMax: 50,
    groupsInFlight: 4,
    waitingMax: 100,
    fastPath,
  });
  orderWorkers = await startWorkers({
    connection: link.connection,
    namespace: temporal.namespace,
    bundlePath,
    order: { db: orderDb, onCommit: () => (executed.order += 1) },
    fastPath,
    onSagaProgress: (sagaId, progress) => {
      starter.sagaProgressed(sagaId, progress);
    },
  });
  await warmUp();
});

/** The first orders of a process take hundreds of milliseconds on a busy machine: too long for the fast path. */
async function warmUp(): Promise<void> {
  await poll({ here: true });
  await eventually(async () => {
    ran.mockClear();
    await ended(await place(1));
    return (await straight()) === true ? true : undefined;
  }, 60_000);
  await stopPolling();
}

afterAll(async () => {
  await orderWorkers.stop();
  customerService.closeAllConnections();
  customerService.close();
  await link.connection.close();
  await Promise.all([orderDb.$disconnect(), customerDb.$disconnect()]);
  await databases.drop();
});

beforeEach(() => {
  ran.mockClear();
  [before, after] = [() => Promise.resolve(), () => undefined];
  Object.assign(executed, { order: 0, customer: 0 });
});

afterEach(stopPolling);

async function stopPolling(): Promise<void> {
  await customerWorkers?.stop();
  customerWorkers = undefined;
}

const customer = () => ({ db: customerDb, onCommit: () => (executed.customer += 1) });

async function listen(): Promise<string> {
  requestedSteps.shareAnswers(createCustomerActivities(customer()));
  const { server, url } = await creditStepServer(async (request) => {
    await before();
    const answers = await requestedSteps.run('reserveCredit', request);
    after();
    return answers;
  });
  customerService = server;
  return url;
}

/** @param here whether the process that polls the task queue is the one that the fast path requests the step from */
async function poll({ here }: { readonly here: boolean }): Promise<void> {
  const { temporal, bundlePath } = testServers();
  customerWorkers = await startWorkers({
    connection: link.connection,
    namespace: temporal.namespace,
    bundlePath,
    customer: customer(),
    requestedSteps: here ? requestedSteps : undefined,
  });
}

async function place(totalMinor: number): Promise<OrderRequest> {
  const customerId = randomUUID();
  await createCustomer(customerDb, {
    customerId,
    name: 'Ada',
    creditLimitMinor: LIMIT_MINOR,
    currency: 'USD',
  });
  const order = { orderId: randomUUID(), customerId, totalMinor, currency: 'USD' };
  await starter.submit(order, { isAwaited: true }).submitted;
  return order;
}

const sagaOf = ({ orderId }: OrderRequest) => link.client.workflow.getHandle(sagaWorkflowId([orderId]));

/** @returns the outcome of the order, and the number of events in the history of its saga */
async function ended(order: OrderRequest) {
  const saga = sagaOf(order);
  const { outcomes } = (await saga.result()) as { outcomes: { state: string; reason?: string }[] };
  return { outcome: outcomes[0], events: (await saga.fetchHistory()).events?.length };
}

const approved = ({ orderId }: OrderRequest) => ({ outcome: { orderId, state: 'APPROVED' }, events: 13 });

const stateOf = async ({ orderId }: OrderRequest) =>
  (await orderDb.order.findUnique({ where: { id: orderId } }))?.state;

async function creditOf({ orderId, customerId }: OrderRequest) {
  const events = await eventsIn(databases.adminCustomerUrl, orderId);
  const account = await customerDb.customer.findUnique({ where: { id: customerId } });
  return { reserved: Number(account?.reservedMinor), events: events.map(({ type }) => type) };
}

const straight = () => ran.mock.results[0]?.value;

test('an order is approved before any process has taken its credit step from the task queue', async () => {
  const order = await place(100);
  expect(await straight()).toBe(true);
  expect(await stateOf(order)).toBe('APPROVED');
  const { events } = await sagaOf(order).fetchHistory();
  expect(events?.filter((event) => event.activityTaskStartedEventAttributes)).toEqual([]);
  expect(executed).toEqual({ order: 2, customer: 1 });
  await poll({ here: true });
  expect(await ended(order)).toEqual(approved(order));
  expect(await creditOf(order)).toEqual({ reserved: 100, events: ['CreditReserved'] });
});

test('each step is executed once when one process gets the credit step from both', async () => {
  await poll({ here: true });
  const order = await place(100);
  expect(await ended(order)).toEqual(approved(order));
  expect(await straight()).toBe(true);
  expect(executed).toEqual({ order: 2, customer: 1 });
});

test('the credit step is executed twice, and reserves once, when another process gets it from the task queue', async () => {
  await poll({ here: false });
  const order = await place(100);
  expect(await ended(order)).toEqual(approved(order));
  expect(await straight()).toBe(true);
  expect(executed).toEqual({ order: 2, customer: 2 });
  expect(await creditOf(order)).toEqual({ reserved: 100, events: ['CreditReserved'] });
});

test('an order over the limit: the workflow continues where the fast path ended', async () => {
  await poll({ here: true });
  const order = await place(LIMIT_MINOR + 1);
  const { orderId } = order;
  const outcome = { orderId, state: 'CANCELLED', reason: 'INSUFFICIENT_CREDIT' };
  expect(await ended(order)).toEqual({ outcome, events: 13 });
  expect(await straight()).toBe(false);
  expect(executed).toEqual({ order: 2, customer: 1 });
});

test('the customer service refuses the request of the fast path: the workflow alone decides', async () => {
  before = () => Promise.reject(new Problem('overloaded', 'too many'));
  await poll({ here: true });
  const order = await place(100);
  expect(await ended(order)).toEqual(approved(order));
  expect(await straight()).toBe(false);
  expect(executed).toEqual({ order: 2, customer: 1 });
});

test('the connection is cut after the commit of the credit step: the workflow gets its answer, and approves the order', async () => {
  after = () => {
    customerService.closeAllConnections();
  };
  await poll({ here: true });
  const order = await place(100);
  expect(await ended(order)).toEqual(approved(order));
  expect(await straight()).toBe(false);
  expect(executed).toEqual({ order: 2, customer: 1 });
  expect(await creditOf(order)).toEqual({ reserved: 100, events: ['CreditReserved'] });
});

test('an order is cancelled while the fast path requests its credit: nothing stays reserved', async () => {
  let release: () => void = () => undefined;
  before = () => new Promise((resolve) => (release = resolve));
  const order = await place(100);
  await eventually(async () => (await stateOf(order)) ?? undefined);
  await sagaOf(order).cancel();
  await eventually(async () => (await stateOf(order)) === 'CANCELLED' || undefined);
  release();
  await eventually(async () => (await creditOf(order)).reserved === 100 || undefined);
  expect(await straight()).toBe(false);
  await poll({ here: true });
  await sagaOf(order).result();
  expect(await stateOf(order)).toBe('CANCELLED');
  expect(await creditOf(order)).toEqual({ reserved: 0, events: ['CreditReserved', 'CreditReleased'] });
});
