/** What a group of exactly forty orders costs, in both placements: no more than one order does. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { OrderResult } from '../../domain/contracts';
import { CREATE_ORDER_SAGA, ORDER_TASK_QUEUE, sagaWorkflowId } from '../../domain/names';
import type { Placement, SagaResult } from '../../saga/contract';
import { newCustomer } from '../support/http';
import type { OrderSagaInput } from '../support/saga-workers';
import { startSystem } from '../support/system';

const ORDERS = 40;

test.each<[Placement, number, number]>([
  ['colocated', 8, 1],
  ['distributed', 13, 2],
])('%s: %i events, workflow tasks: %i', async (placement, events, tasks) => {
  const system = await startSystem({ placement });
  const customerId = await newCustomer(system.url, '1000.00');
  const orders = Array.from({ length: ORDERS }, () => ({
    orderId: randomUUID(),
    customerId,
    totalMinor: 100,
    currency: 'USD',
  }));
  const input: OrderSagaInput = { placement, settings: { creditCheckTimeoutMs: 60_000 }, subjects: orders };
  const handle = await system.client.workflow.start(CREATE_ORDER_SAGA, {
    workflowId: sagaWorkflowId(orders.map(({ orderId }) => orderId)),
    taskQueue: ORDER_TASK_QUEUE,
    args: [input],
    // A busy machine adds heartbeats of the task, which are not a cost of the group.
    workflowTaskTimeout: '100s',
  });
  const { outcomes } = (await handle.result()) as SagaResult<OrderResult>;
  expect(outcomes).toEqual(orders.map(({ orderId }) => ({ orderId, state: 'APPROVED' })));
  const history = (await handle.fetchHistory()).events ?? [];
  expect(history).toHaveLength(events);
  expect(history.filter((event) => event.workflowTaskStartedEventAttributes)).toHaveLength(tasks);
  await system.stop();
});
