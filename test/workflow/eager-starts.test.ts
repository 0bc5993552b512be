import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { eventually, newCustomer, placeOrder } from '../support/http';
import { startSystem } from '../support/system';

const ORDERS = 300;
const CALLERS = 60;

/** Groups are off, so that there are as many starts as orders, and forty of them at a time. */
test('under load every start is eager: the worker has the first task with the reply', async () => {
  const system = await startSystem({ order: { sagaGroupMax: 1, sagaGroupsInFlight: 40 } });
  const customer = await newCustomer(system.url, '1000.00');
  const sagas: string[] = [];
  let placed = 0;
  const caller = async () => {
    while (placed < ORDERS) {
      placed += 1;
      const headers = { Prefer: 'wait=30', 'Idempotency-Key': randomUUID() };
      // On a busy machine a caller may be told to come back.
      const { body } = await eventually(async () => {
        const answer = await placeOrder(system.url, customer, '1.00', headers);
        return answer.status < 300 ? answer : undefined;
      }, 60_000);
      sagas.push(`order-${String(body['orderId'])}`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  expect(sagas).toHaveLength(ORDERS);
  let eager = 0;
  for (const saga of sagas) {
    const { events } = await system.client.workflow.getHandle(saga).fetchHistory();
    if (events?.[0]?.workflowExecutionStartedEventAttributes?.eagerExecutionAccepted) eager += 1;
  }
  expect(eager).toBe(ORDERS);
  await system.stop();
}, 120_000);
