/** Steps with heartbeats: a slow process keeps its step, a silent one loses it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { tsToMs } from '@temporalio/common/lib/time';
import { createTestDatabases, type TestDatabases } from '../support/databases';
import { call, eventually, newCustomer, placeOrder } from '../support/http';
import { becomesClean } from '../support/invariants';
import { hold, type Lock } from '../support/outages';
import { testServers } from '../support/servers';
import { type ServiceProcess, startServiceProcess } from '../support/service-process';
import { freePort } from '../../tools/local/free-port';

const HEARTBEAT = temporal.api.enums.v1.TimeoutType.TIMEOUT_TYPE_HEARTBEAT;

/** Twice the 600 ms of `saga/workflow/limits.ts`. */
const LONGER_THAN_TIMEOUT_MS = 1_200;

let databases: TestDatabases;
let client: Client;
let orders: ServiceProcess;
let customers: readonly ServiceProcess[];
/** Cleanup of what was started, last first, also after a failure. */
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  databases = await createTestDatabases();
  ends.push(() => databases.drop());
  const { temporal: server } = testServers();
  const connection = await Connection.connect({ address: server.address });
  ends.push(() => connection.close());
  client = new Client({ connection, namespace: server.namespace });
  const env = { SERVICES: 'customer', CUSTOMER_DATABASE_URL: databases.customerUrl };
  customers = await Promise.all(
    [await freePort(), await freePort()].map((port) => startServiceProcess(port, env)),
  );
  orders = await startServiceProcess(await freePort(), {
    SERVICES: 'order',
    ORDER_DATABASE_URL: databases.orderUrl,
    CUSTOMER_SERVICE_URL: String(customers[0]?.url),
  });
  ends.push(() => Promise.all([orders, ...customers].map((each) => each.stop('SIGKILL'))));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** An order whose reservation waits for a lock in the database. */
async function orderHeldInStep(): Promise<{ held: Lock; orderId: string }> {
  const customer = await newCustomer(orders.url, '10.00');
  const held = await hold(databases.adminCustomerUrl, 'LOCK TABLE credit_reservations IN SHARE MODE');
  const { body } = await placeOrder(orders.url, customer, '1.00');
  return { held, orderId: String(body['orderId']) };
}

/** @returns the order's state once it is decided, however long the step was held */
function decided(orderId: string): Promise<unknown> {
  return eventually(async () => {
    const { body } = await call(`${orders.url}/orders/${orderId}`, 'GET');
    return body['state'] === 'PENDING' ? undefined : body['state'];
  });
}

/** The step of the only saga. */
async function step(): Promise<temporal.api.workflow.v1.IPendingActivityInfo | undefined> {
  for await (const { workflowId } of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    return raw.pendingActivities?.[0];
  }
  return undefined;
}

/** The last attempt of the step, after the saga has ended. */
async function started(sagaId: string) {
  const { events } = await client.workflow.getHandle(sagaId).fetchHistory();
  return events?.find((event) => event.activityTaskStartedEventAttributes)
    ?.activityTaskStartedEventAttributes;
}

test('a step that is slower than the heartbeat timeout stays with its process', async () => {
  const { held, orderId } = await orderHeldInStep();
  await eventually(async () => {
    const { lastHeartbeatTime, lastStartedTime } = (await step()) ?? {};
    if (!lastHeartbeatTime || !lastStartedTime) return undefined;
    return tsToMs(lastHeartbeatTime) - tsToMs(lastStartedTime) > LONGER_THAN_TIMEOUT_MS ? true : undefined;
  });
  await held.release();
  expect(await decided(orderId)).toBe('APPROVED');
  expect((await started(`order-${orderId}`))?.attempt).toBe(1);
});

test('a step of a silent process is retried by another; the first process resumes, and changes nothing', async () => {
  const { held, orderId } = await orderHeldInStep();
  const first = await eventually(async () => {
    const now = await step();
    return now?.lastWorkerIdentity ? now : undefined;
  });
  const silent = customers.find(({ child }) => first.lastWorkerIdentity?.startsWith(`${String(child.pid)}@`));
  silent?.child.kill('SIGSTOP');
  // Seen while it is the last one: an attempt that then waits too long for the lock has another.
  await eventually(async () => {
    const { lastFailure } = (await step()) ?? {};
    return lastFailure?.timeoutFailureInfo?.timeoutType === HEARTBEAT ? true : undefined;
  });
  await eventually(async () => {
    const now = await step();
    return now?.lastHeartbeatTime && now.lastWorkerIdentity !== first.lastWorkerIdentity ? true : undefined;
  });
  await held.release();
  expect(await decided(orderId)).toBe('APPROVED');
  silent?.child.kill('SIGCONT');
  // Its pending polls also received the step.
  expect((await started(`order-${orderId}`))?.attempt).toBeGreaterThan(1);
  await becomesClean(databases);
});
