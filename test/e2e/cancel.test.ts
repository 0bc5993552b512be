/** `POST /orders/:id/cancel` in every state of an order, in both placements. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { Placement } from '../../saga/contract';
import { cancelSagaWorkflowId } from '../../domain/names';
import { rowsOf } from '../support/databases';
import { type Answer, call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem({ placement });
  });
  afterAll(() => system.stop());

  const cancel = (orderId: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    call(`${system.url}/orders/${String(orderId)}/cancel`, 'POST', undefined, headers);
  const get = async (path: string) => (await call(`${system.url}${path}`, 'GET')).body;
  const eventTypes = async (url: string, orderId: unknown) =>
    (await rowsOf(url, 'SELECT type FROM outbox WHERE aggregate_id = $1 ORDER BY sequence', [orderId])).map(
      ({ type }) => type,
    );
  async function stateWhen(orderId: unknown, state: string) {
    return eventually(async () => {
      const order = await get(`/orders/${String(orderId)}`);
      return order['state'] === state ? order : undefined;
    });
  }

  /** Holds a customer's row, so that its orders wait for credit. */
  async function withLockedCustomer(customerId: string, work: () => Promise<void>): Promise<void> {
    const holder = new Client({ connectionString: system.databases.adminCustomerUrl });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [customerId]);
      await work();
      await holder.query('COMMIT');
    } finally {
      await holder.end();
    }
  }

  test('an approved order: CANCELLING, then CANCELLED; its credit is free again, once', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const { body: order } = await placeOrder(system.url, customer, '7.00', WAIT);
    expect(order['state']).toBe('APPROVED');
    const cancelled = await cancel(order['orderId'], WAIT);
    expect([cancelled.status, cancelled.body]).toEqual([
      200,
      {
        ...order,
        state: 'CANCELLED',
        cancellationReason: 'CUSTOMER_REQUEST',
        updatedAt: cancelled.body['updatedAt'],
      },
    ]);
    expect(await get(`/customers/${customer}`)).toMatchObject({ reserved: { amount: '0.00' } });
    expect(await eventTypes(system.databases.adminOrderUrl, order['orderId'])).toEqual([
      'OrderCreated',
      'OrderApproved',
      'OrderCancellationRequested',
      'OrderCancelled',
    ]);
    expect(await eventTypes(system.databases.adminCustomerUrl, order['orderId'])).toEqual([
      'CreditReserved',
      'CreditReleased',
    ]);
    const again = await cancel(order['orderId']);
    expect([again.status, again.body['type']]).toEqual([409, '/problems/order-cancelled']);
    expect(again.body['detail']).toMatch(/CANCELLED \(CUSTOMER_REQUEST\)/);
  });

  test('an order that waits for credit is cancelled at once, and the credit of a late reservation is released', async () => {
    const customer = await newCustomer(system.url, '10.00');
    let orderId = '';
    await withLockedCustomer(customer, async () => {
      orderId = String((await placeOrder(system.url, customer, '7.00')).body['orderId']);
      const { status, body } = await cancel(orderId, WAIT);
      expect([status, body['state'], body['cancellationReason']]).toEqual([
        200,
        'CANCELLED',
        'CUSTOMER_REQUEST',
      ]);
    });
    const released = await eventually(async () => {
      const [row] = await rowsOf(
        system.databases.adminCustomerUrl,
        "SELECT * FROM credit_reservations WHERE order_id = $1 AND status = 'RELEASED'",
        [orderId],
      );
      return row;
    });
    expect(released['customer_id']).toBe(customer);
    expect(await get(`/customers/${customer}`)).toMatchObject({ reserved: { amount: '0.00' } });
    expect(await eventTypes(system.databases.adminOrderUrl, orderId)).toEqual([
      'OrderCreated',
      'OrderCancelled',
    ]);
  });

  test('one order of a group: the other orders are not affected', async () => {
    const [locked, free] = [await newCustomer(system.url, '10.00'), await newCustomer(system.url, '10.00')];
    await withLockedCustomer(locked, async () => {
      const answers = await Promise.all(
        [locked, locked, free, locked].map((customer) => placeOrder(system.url, customer, '1.00')),
      );
      const [first, second, neighbour, third] = answers.map(({ body }) => body['orderId']);
      await stateWhen(neighbour, 'APPROVED');
      expect((await cancel(second, WAIT)).body['state']).toBe('CANCELLED');
      expect(await get(`/orders/${String(first)}`)).toMatchObject({ state: 'PENDING' });
      expect(await get(`/orders/${String(third)}`)).toMatchObject({ state: 'PENDING' });
    });
    expect(
      await eventually(async () => {
        const { items } = (await get(`/customers/${locked}/orders`)) as { items: { state: string }[] };
        const states = items.map(({ state }) => state).sort();
        return states.includes('PENDING') ? undefined : states;
      }),
    ).toEqual(['APPROVED', 'APPROVED', 'CANCELLED']);
  });

  test('the same key gets the same answer, also afterwards; another client gets the problem order-cancelled', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const { body: order } = await placeOrder(system.url, customer, '1.00', WAIT);
    const key = { 'Idempotency-Key': randomUUID() };
    const first = await cancel(order['orderId'], { ...key, ...WAIT });
    const second = await cancel(order['orderId'], key);
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect((await cancel(order['orderId'], { 'Idempotency-Key': randomUUID() })).status).toBe(409);
    const bad = await cancel(order['orderId'], { 'Idempotency-Key': 'a b' });
    expect([bad.status, bad.body['type']]).toEqual([400, '/problems/invalid-request']);
  });

  test('cancelling a refused order gets order-cancelled; an unknown order is not found', async () => {
    const customer = await newCustomer(system.url, '1.00');
    const { body: refused } = await placeOrder(system.url, customer, '2.00', WAIT);
    const answer = await cancel(refused['orderId']);
    expect([answer.status, answer.body['detail']]).toEqual([
      409,
      `Order ${String(refused['orderId'])} is CANCELLED (INSUFFICIENT_CREDIT).`,
    ]);
    expect((await cancel(randomUUID())).status).toBe(404);
  });

  test('twenty clients at once: one cancellation', async () => {
    const customer = await newCustomer(system.url, '10.00');
    const { body: order } = await placeOrder(system.url, customer, '3.00', WAIT);
    const answers = await Promise.all(Array.from({ length: 20 }, () => cancel(order['orderId'], WAIT)));
    expect(new Set(answers.map(({ status }) => status))).not.toContain(500);
    for (const { status } of answers) expect([200, 409]).toContain(status);
    expect(await eventTypes(system.databases.adminOrderUrl, order['orderId'])).toHaveLength(4);
    const saga = system.client.workflow.getHandle(cancelSagaWorkflowId(String(order['orderId'])));
    // The answer comes with the deciding commit, before the saga has ended.
    await saga.result();
    expect((await saga.describe()).status.name).toBe('COMPLETED');
  });
});
