import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import { rowsOf } from '../support/databases';
import { eventually, newCustomer, placeOrder } from '../support/http';
import { hold } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';
import { ORDER_WORKER_LIMITS } from '../../workers/order-worker';

/** Each finds room: of the rest some is reserved by the polls that wait for tasks. */
const EAGER = ORDER_WORKER_LIMITS.workflowTasks / 2;
const ORDERS = 1.5 * ORDER_WORKER_LIMITS.workflowTasks;

/** On a machine that is taken by others tasks run out of their time first, and are given out again. */
const LATER_TASKS_TIMEOUT_MS = 80_000;

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

let system: TestSystem;

/** Groups are off, so that there are as many starts as orders, and all of them at a time. */
beforeEach(async () => {
  system = await startSystem({ order: { sagaGroupMax: 1, sagaGroupsInFlight: ORDERS } });
});
afterEach(() => system.stop());

const RUNNING = 'WorkflowType = "createOrderSaga" AND ExecutionStatus = "Running"';

/**
 * Places so many orders at a time, whose steps wait until enough sagas have started. Then every order that was accepted
 * is approved.
 *
 * @returns of each saga that was seen before, whether its start was eager
 */
async function starts(orders: number, enough: (eager: readonly boolean[]) => boolean): Promise<boolean[]> {
  const customer = await newCustomer(system.url, '1000.00');
  const held = await hold(system.databases.adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE');
  // Without a key nothing is read before the saga starts. Where the machine is busy, a request may end without a start.
  const answers = Promise.all(Array.from({ length: orders }, () => placeOrder(system.url, customer, '1.00')));
  const eager = new Map<string, boolean>();
  await eventually(async () => {
    for await (const { workflowId } of system.client.workflow.list({ query: RUNNING }))
      if (!eager.has(workflowId)) eager.set(workflowId, isEager(await historyOf(workflowId)));
    return enough([...eager.values()]) ? true : undefined;
  }).finally(() => held.release());
  const accepted = (await answers).filter(({ status }) => status < 300).length;
  await eventually(async () => ((await approved()) >= accepted ? true : undefined), LATER_TASKS_TIMEOUT_MS);
  return [...eager.values()];
}

const historyOf = async (sagaId: string): Promise<readonly HistoryEvent[]> =>
  (await system.client.workflow.getHandle(sagaId).fetchHistory()).events ?? [];

const isEager = ([first]: readonly HistoryEvent[]) =>
  first?.workflowExecutionStartedEventAttributes?.eagerExecutionAccepted === true;

async function approved(): Promise<number> {
  const rows = await rowsOf(
    system.databases.adminOrderUrl,
    "SELECT count(*)::int AS n FROM orders WHERE state = 'APPROVED'",
  );
  return Number(rows[0]?.['n']);
}

test('every start is eager while slots are free: the worker gets the first task with the reply', async () => {
  const eager = await starts(EAGER, (started) => started.length >= EAGER / 2);
  expect(eager).not.toContain(false);
});

test('a worker takes only as many tasks as it can finish before their timeout; the others wait, and are run later', async () => {
  const both = [true, false];
  const eager = await starts(ORDERS, (started) => both.every((kind) => started.includes(kind)));
  expect(eager).toEqual(expect.arrayContaining(both));
});
