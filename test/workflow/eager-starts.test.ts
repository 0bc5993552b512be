import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { hold } from '../support/outages';
import { startSystem, type TestSystem } from '../support/system';

/** More than the SDK's own forty slots, and more than any group under way at once would take. */
const ORDERS = 60;

let system: TestSystem;

/** Groups are off, so that there are as many starts as orders, and all of them at a time. */
beforeEach(async () => {
  system = await startSystem({ order: { sagaGroupMax: 1, sagaGroupsInFlight: ORDERS } });
});
afterEach(() => system.stop());

test('every start is eager, though many sagas are in their first task: the worker has it with the reply', async () => {
  const customer = await newCustomer(system.url, '1000.00');
  const held = await hold(system.databases.adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE');
  // Who finds every connection with a step that waits for the lock is told to come back, and does.
  const place = async () => {
    const headers = { ...WAIT, 'Idempotency-Key': randomUUID() };
    await eventually(async () => {
      const { status } = await placeOrder(system.url, customer, '1.00', headers);
      return status === 503 ? undefined : status;
    });
  };
  const placed = Array.from({ length: ORDERS }, place);
  const started = async (): Promise<(boolean | null | undefined)[]> => {
    const eager: (boolean | null | undefined)[] = [];
    for await (const { workflowId } of system.client.workflow.list({
      query: 'WorkflowType = "createOrderSaga"',
    })) {
      const { events } = await system.client.workflow.getHandle(workflowId).fetchHistory();
      eager.push(events?.[0]?.workflowExecutionStartedEventAttributes?.eagerExecutionAccepted);
    }
    return eager;
  };
  const all = await eventually(async () => {
    const eager = await started();
    return eager.length === ORDERS ? eager : undefined;
  }).finally(() => held.release());
  await Promise.all(placed);
  expect(all).toEqual(Array.from({ length: ORDERS }, () => true));
});
