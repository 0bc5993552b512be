import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import { rowsOf } from '../support/databases';
import { eventually, newCustomer, placeOrder } from '../support/http';
import { hold } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';
import { ORDER_WORKER_LIMITS } from '../../workers/order-worker';

/** Each finds room: of the rest some is reserved by the polls that wait for tasks. */
const EAGER = ORDER_WORKER_LIMITS.workflowTasks / 2;
const ORDERS = 2 * ORDER_WORKER_LIMITS.workflowTasks;

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

/** Places so many orders at a time, whose steps wait; @returns their sagas' histories, while they do */
async function histories(orders: number): Promise<HistoryEvent[][]> {
  const customer = await newCustomer(system.url, '1000.00');
  const held = await hold(system.databases.adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE');
  // Without a key nothing is read before the saga starts. Whether an answer comes in time does not matter here.
  const answers = Promise.allSettled(
    Array.from({ length: orders }, () => placeOrder(system.url, customer, '1.00')),
  );
  const historyOf = async (sagaId: string) =>
    (await system.client.workflow.getHandle(sagaId).fetchHistory()).events ?? [];
  const found = await eventually(async () => {
    const sagas: string[] = [];
    for await (const { workflowId } of system.client.workflow.list({ query: RUNNING }))
      sagas.push(workflowId);
    return sagas.length === orders ? Promise.all(sagas.map(historyOf)) : undefined;
  }).finally(() => held.release());
  await answers;
  await eventually(async () => ((await approved()) === orders ? true : undefined), LATER_TASKS_TIMEOUT_MS);
  return found;
}

async function approved(): Promise<number> {
  const rows = await rowsOf(
    system.databases.adminOrderUrl,
    "SELECT count(*)::int AS n FROM orders WHERE state = 'APPROVED'",
  );
  return Number(rows[0]?.['n']);
}

const isEager = ([first]: readonly HistoryEvent[]) =>
  first?.workflowExecutionStartedEventAttributes?.eagerExecutionAccepted === true;

test('every start is eager while slots are free: the worker gets the first task with the reply', async () => {
  expect((await histories(EAGER)).map(isEager)).toEqual(Array.from({ length: EAGER }, () => true));
});

test('a worker takes only as many tasks as it can finish before their timeout; the others wait, and are run later', async () => {
  const eager = (await histories(ORDERS)).filter(isEager);
  expect(eager.length).toBeGreaterThan(0);
  expect(eager.length).toBeLessThan(ORDERS);
});
