import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import { eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { hold } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';
import { ORDER_WORKER_LIMITS } from '../../workers/order-worker';

/** Each finds room: of the rest some is reserved by the polls that wait for tasks. */
const EAGER = ORDER_WORKER_LIMITS.workflowTasks / 2;
const ORDERS = 2 * ORDER_WORKER_LIMITS.workflowTasks;

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

let system: TestSystem;

/** Groups are off, so that there are as many starts as orders, and all of them at a time. */
beforeEach(async () => {
  system = await startSystem({ order: { sagaGroupMax: 1, sagaGroupsInFlight: ORDERS } });
});
afterEach(() => system.stop());

type Histories = readonly (readonly HistoryEvent[])[];

/** Places so many orders at a time, whose steps wait; @returns their sagas' histories, while they do, when they fit */
async function histories(orders: number, fit: (all: Histories) => boolean = () => true): Promise<Histories> {
  const customer = await newCustomer(system.url, '1000.00');
  const held = await hold(system.databases.adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE');
  // Who finds every connection with a step that waits for the lock is told to come back, and does.
  const place = async () => {
    const headers = { ...WAIT, 'Idempotency-Key': randomUUID() };
    await eventually(async () => {
      const { status, body } = await placeOrder(system.url, customer, '1.00', headers);
      if (status === 503) return undefined;
      expect([status, body['state']]).toEqual([201, 'APPROVED']);
      return true;
    });
  };
  const placed = Array.from({ length: orders }, place);
  const started = async () => {
    const found: HistoryEvent[][] = [];
    for await (const { workflowId } of system.client.workflow.list({
      query: 'WorkflowType = "createOrderSaga" AND ExecutionStatus = "Running"',
    }))
      found.push((await system.client.workflow.getHandle(workflowId).fetchHistory()).events ?? []);
    return found;
  };
  const found = await eventually(async () => {
    const all = await started();
    return all.length === orders && fit(all) ? all : undefined;
  }).finally(() => held.release());
  await Promise.all(placed);
  return found;
}

const isEager = ([first]: readonly HistoryEvent[]) =>
  first?.workflowExecutionStartedEventAttributes?.eagerExecutionAccepted === true;

/** Its worker has a task of it. */
function isUnderWay(events: readonly HistoryEvent[]): boolean {
  const last = events.at(-1);
  return (last?.workflowTaskStartedEventAttributes ?? undefined) !== undefined;
}

test('every start is eager while there is room: the worker has the first task with the reply', async () => {
  expect((await histories(EAGER)).map(isEager)).toEqual(Array.from({ length: EAGER }, () => true));
});

test('a worker takes no more tasks than it can finish in their time: the others wait their turn, and come to it', async () => {
  const tasks = (all: Histories) => all.filter(isUnderWay).length;
  const found = await histories(ORDERS, (all) => tasks(all) <= ORDER_WORKER_LIMITS.workflowTasks);
  expect(tasks(found)).toBeGreaterThan(0);
});
