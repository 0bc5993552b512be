import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { OrderRequest, OrderResult } from '../../domain/contracts';
import { CREATE_ORDER_SAGA, ORDER_TASK_QUEUE, sagaWorkflowId } from '../../domain/names';
import type { SagaResult } from '../../saga/contract';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import type { OrderSagaInput } from '../support/saga-workers';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;

describe.each(['colocated', 'distributed'] as const)('%s', (placement) => {
  beforeAll(async () => {
    system = await startSystem({ placement });
  });
  afterAll(() => system.stop());

  function orderOf(customerId: string, totalMinor: number): OrderRequest {
    return { orderId: randomUUID(), customerId, totalMinor, currency: 'USD' };
  }

  async function saga(
    orders: readonly OrderRequest[],
    workflowId = sagaWorkflowId(orders.map(({ orderId }) => orderId)),
  ) {
    const input: OrderSagaInput = { placement, settings: { creditCheckTimeoutMs: 60_000 }, subjects: orders };
    return system.client.workflow.start<(input: OrderSagaInput) => Promise<SagaResult<OrderResult>>>(
      CREATE_ORDER_SAGA,
      {
        workflowId,
        taskQueue: ORDER_TASK_QUEUE,
        args: [input],
      },
    );
  }

  async function stateOf(orderId: string): Promise<unknown> {
    const { status, body } = await call(`${system.url}/orders/${orderId}`, 'GET');
    return status === 200 ? body['state'] : undefined;
  }

  test('in a mixed group each order gets its own answer, and no order waits for another', async () => {
    const rich = await newCustomer(system.url, '100.00');
    const locked = await newCustomer(system.url, '100.00');
    const approved = orderOf(rich, 100);
    const refused = orderOf(rich, 99_999);
    const unknown = orderOf(randomUUID(), 100);
    const waiting = orderOf(locked, 100);
    const { body: there } = await placeOrder(system.url, rich, '5.00', WAIT);
    const sameIdOtherContent = { ...orderOf(rich, 501), orderId: String(there['orderId']) };
    const ownedByOther = orderOf(rich, 100);
    const owner = await saga([ownedByOther], 'order-the-owner');
    await owner.result();

    const holder = new Client({ connectionString: system.databases.adminCustomerUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [locked]);
    const group = [approved, refused, unknown, sameIdOtherContent, ownedByOther, waiting];
    const handle = await saga(group);
    const decided = [approved, refused, unknown];
    const states = await eventually(async () => {
      const now = await Promise.all(decided.map(({ orderId }) => stateOf(orderId)));
      return now.every((state) => state !== undefined && state !== 'PENDING') ? now : undefined;
    });
    expect(states).toEqual(['APPROVED', 'CANCELLED', 'CANCELLED']);
    expect(await stateOf(waiting.orderId)).toBe('PENDING');
    await holder.query('COMMIT');
    await holder.end();

    expect(await handle.result()).toEqual({
      outcomes: [
        { orderId: approved.orderId, state: 'APPROVED' },
        { orderId: refused.orderId, state: 'CANCELLED', reason: 'INSUFFICIENT_CREDIT' },
        { orderId: unknown.orderId, state: 'CANCELLED', reason: 'UNKNOWN_CUSTOMER' },
        { orderId: sameIdOtherContent.orderId, state: 'CONFLICT' },
        { orderId: ownedByOther.orderId, state: 'NOT_OWNED', ownedBy: 'order-the-owner' },
        { orderId: waiting.orderId, state: 'APPROVED' },
      ],
    });
    // The order that was there keeps its amount: 5.00 + 1.00 + 1.00.
    expect((await call(`${system.url}/customers/${rich}`, 'GET')).body).toMatchObject({
      reserved: { amount: '7.00' },
    });
  });
});
