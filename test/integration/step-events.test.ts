/** The effect of a step: one commit, and one event per order with what a consumer needs. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { CustomerEvents, OrderEvents } from '../../domain/events';
import { requestStep, eventsIn, FORWARD, orderOf, SAGA_ID } from '../support/requested-steps';
import { rowsOf } from '../support/databases';
import { OrderStores } from '../support/order-stores';

const stores = new OrderStores();

test('a step for one order or for forty is one commit in its database', async () => {
  for (const count of [1, 40]) {
    const orders = await Promise.all(
      Array.from({ length: count }, async () => orderOf(await stores.newCustomer(1_000))),
    );
    const outboxBefore = await rowsOf(
      stores.databases.adminOrderUrl,
      'SELECT DISTINCT transaction_id FROM outbox',
    );
    await stores.steps.createPendingOrders({ sagaId: SAGA_ID, items: orders });
    await stores.steps.reserveCredit({ sagaId: SAGA_ID, items: orders });
    await stores.steps.approveOrders({ sagaId: SAGA_ID, items: orders });
    const outboxAfter = await rowsOf(
      stores.databases.adminOrderUrl,
      'SELECT DISTINCT transaction_id FROM outbox',
    );
    expect(outboxAfter.length - outboxBefore.length).toBe(2);
    const ids = orders.map(({ orderId }) => orderId);
    const credit = await rowsOf(
      stores.databases.adminCustomerUrl,
      'SELECT DISTINCT transaction_id FROM outbox WHERE aggregate_id = ANY ($1)',
      [ids],
    );
    expect(credit).toHaveLength(1);
  }
});

test('the events have what a consumer needs, as the domain defines it', async () => {
  const order = orderOf(await stores.newCustomer(1_000));
  for (const step of FORWARD) await requestStep(stores, step, order);
  const { orderId, customerId, totalMinor: amountMinor, currency } = order;
  const facts = { orderId, customerId, amountMinor, currency };
  const created: OrderEvents['OrderCreated'] = { ...facts, state: 'PENDING' };
  const approved: OrderEvents['OrderApproved'] = { ...facts, state: 'APPROVED' };
  const credited: CustomerEvents['CreditReserved'] = facts;
  expect(await eventsIn(stores.databases.adminOrderUrl, orderId)).toEqual([
    { sequence: 1, type: 'OrderCreated', data: created },
    { sequence: 2, type: 'OrderApproved', data: approved },
  ]);
  expect(await eventsIn(stores.databases.adminCustomerUrl, orderId)).toEqual([
    { sequence: 1, type: 'CreditReserved', data: credited },
  ]);
});

test('several orders that are given up at once have a decision and an event each', async () => {
  const orders = [orderOf(randomUUID()), orderOf(randomUUID()), orderOf(randomUUID())];
  const items = orders.map((order) => ({
    ...order,
    givingUp: {
      ...{ id: randomUUID(), step: 'release credit', by: 'grace', reason: 'OPS-1742' },
      at: '2026-11-28T12:00:00.000Z',
    },
  }));
  for (const asked of [items, items.slice(0, 2), items])
    expect(await stores.steps.giveUpOrders({ sagaId: SAGA_ID, items: asked })).toEqual(
      asked.map(({ orderId }) => ({ orderId, outcome: 'given-up' })),
    );
  for (const { orderId, customerId, totalMinor: amountMinor, currency, givingUp } of items) {
    const { id, ...decision } = givingUp;
    expect(
      await rowsOf(
        stores.databases.adminOrderUrl,
        'SELECT id, saga_id, step, by, reason FROM given_up_steps WHERE order_id = $1',
        [orderId],
      ),
    ).toEqual([{ id, saga_id: SAGA_ID, step: decision.step, by: decision.by, reason: decision.reason }]);
    expect(await eventsIn(stores.databases.adminOrderUrl, id)).toEqual([
      {
        ...{ sequence: 1, type: 'SagaStepGivenUp' },
        data: { orderId, customerId, amountMinor, currency, ...decision },
      },
    ]);
  }
});
