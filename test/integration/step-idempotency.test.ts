/** A step that runs again changes nothing, and one with other content or of another saga is refused. */
import { expect, test } from '@jest/globals';
import {
  requestStep,
  type RequestedStep,
  DONE,
  eventsIn,
  FORWARD,
  orderOf,
  SAGA_ID,
} from '../support/requested-steps';
import { OrderStores } from '../support/order-stores';

const stores = new OrderStores();

test.each([
  [['createPendingOrders']],
  [['createPendingOrders', 'reserveCredit']],
  [['createPendingOrders', 'reserveCredit', 'approveOrders']],
  [['createPendingOrders', 'cancelOrders']],
  [['createPendingOrders', 'reserveCredit', 'cancelOrders', 'releaseCredit']],
  [['releaseCredit']],
] as RequestedStep[][][])(
  '%j: the last step, twenty times at once and once more, has one effect',
  async (path) => {
    const order = orderOf(await stores.newCustomer(1_000));
    const last = path.at(-1);
    if (!last) throw new Error('empty path');
    for (const step of path.slice(0, -1)) expect(await requestStep(stores, step, order)).toBe(DONE[step]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => requestStep(stores, last, order)));
    // Another call may hold the row; a busy one is repeated, as a saga does.
    for (const answer of answers) expect([DONE[last], 'busy']).toContain(answer);
    expect(answers).toContain(DONE[last]);
    expect(await requestStep(stores, last, order)).toBe(DONE[last]);
    const all = [
      ...(await eventsIn(stores.databases.adminOrderUrl, order.orderId)),
      ...(await eventsIn(stores.databases.adminCustomerUrl, order.orderId)),
    ];
    expect(all).toHaveLength(path.length);
    expect(await stores.reserved(order.customerId)).toBe(
      path.includes('reserveCredit') && !path.includes('releaseCredit') ? 100 : 0,
    );
  },
);

test('every step that carries content detects other content under the same order id', async () => {
  const order = orderOf(await stores.newCustomer(1_000));
  for (const step of FORWARD) await requestStep(stores, step, order);
  for (const other of [
    { ...order, totalMinor: 101 },
    { ...order, currency: 'EUR' },
    { ...order, customerId: await stores.newCustomer(1_000) },
  ]) {
    expect(await requestStep(stores, 'createPendingOrders', other)).toBe('conflict');
    expect(await requestStep(stores, 'reserveCredit', other)).toBe('conflict');
    expect(await requestStep(stores, 'releaseCredit', other)).toBe('conflict');
  }
  expect(await stores.reserved(order.customerId)).toBe(100);
});

test('an order belongs to the saga that created it', async () => {
  const order = orderOf(await stores.newCustomer(1_000));
  await requestStep(stores, 'createPendingOrders', order);
  const other = { sagaId: 'order-other', items: [order] };
  expect(await stores.steps.createPendingOrders(other)).toEqual([
    { orderId: order.orderId, outcome: 'owned-by-other', sagaId: SAGA_ID },
  ]);
  expect(await stores.steps.approveOrders(other)).toEqual([
    { orderId: order.orderId, outcome: 'wrong-state', state: 'MISSING' },
  ]);
});
