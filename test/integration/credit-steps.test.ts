/** Credit is reserved and released: in the order of the list, under concurrency, and beside locked customers. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Client } from 'pg';
import { eventsIn, orderOf, requestStep, SAGA_ID } from '../support/requested-steps';
import { rowsOf } from '../support/databases';
import { OrderStores } from '../support/order-stores';

const stores = new OrderStores();

test('a reserve after its release finds the tombstone and reserves nothing', async () => {
  const order = orderOf(await stores.newCustomer(1_000));
  expect(await requestStep(stores, 'releaseCredit', order)).toBe('released');
  expect(await requestStep(stores, 'reserveCredit', order)).toBe('released');
  expect(await stores.reserved(order.customerId)).toBe(0);
  expect(await eventsIn(stores.databases.adminCustomerUrl, order.orderId)).toMatchObject([
    { sequence: 1, type: 'CreditReleased', data: { heldMinor: 0 } },
  ]);
});

test('reserve races release, many times: at the end nothing is held', async () => {
  for (let round = 0; round < 30; round++) {
    const order = orderOf(round % 2 ? await stores.newCustomer(1_000) : randomUUID());
    const release = async () => {
      while ((await requestStep(stores, 'releaseCredit', order)) === 'busy');
    };
    await Promise.all([
      requestStep(stores, 'reserveCredit', order),
      release(),
      requestStep(stores, 'reserveCredit', order),
    ]);
    const [row] = await rowsOf(
      stores.databases.adminCustomerUrl,
      'SELECT status, version FROM credit_reservations WHERE order_id = $1',
      [order.orderId],
    );
    expect(['RELEASED', 'REJECTED']).toContain(row?.['status']);
    expect(await eventsIn(stores.databases.adminCustomerUrl, order.orderId)).toHaveLength(
      Number(row?.['version']),
    );
    if (round % 2) expect(await stores.reserved(order.customerId)).toBe(0);
  }
});

test('a list is decided in its order, and each order on its own', async () => {
  const [rich, poor] = [await stores.newCustomer(1_000), await stores.newCustomer(150)];
  const european = { ...orderOf(rich), currency: 'EUR' };
  const orders = [
    orderOf(poor, 100),
    orderOf(rich),
    orderOf(poor, 100),
    orderOf(randomUUID()),
    european,
    orderOf(poor, 50),
  ];
  const results = await stores.steps.reserveCredit({ sagaId: SAGA_ID, items: orders });
  const byOrder = new Map(
    results.map((result) => [result.orderId, 'reason' in result ? result.reason : result.outcome]),
  );
  expect(orders.map(({ orderId }) => byOrder.get(orderId))).toEqual([
    'reserved',
    'reserved',
    'INSUFFICIENT_CREDIT',
    'UNKNOWN_CUSTOMER',
    'CURRENCY_MISMATCH',
    'reserved',
  ]);
  expect([await stores.reserved(rich), await stores.reserved(poor)]).toEqual([100, 150]);
});

test('forty groups race for one customer, never over the limit and exactly as many as fit', async () => {
  const customer = await stores.newCustomer(5_050);
  const groups = Array.from({ length: 40 }, () => Array.from({ length: 5 }, () => orderOf(customer)));
  const outcomes = await Promise.all(
    groups.map(async (orders) => {
      let waiting = orders;
      const settled: string[] = [];
      while (waiting.length > 0) {
        const results = await stores.steps.reserveCredit({ sagaId: SAGA_ID, items: waiting });
        settled.push(...results.filter(({ outcome }) => outcome !== 'busy').map(({ outcome }) => outcome));
        const busy = new Set(
          results.filter(({ outcome }) => outcome === 'busy').map(({ orderId }) => orderId),
        );
        waiting = waiting.filter(({ orderId }) => busy.has(orderId));
      }
      return settled;
    }),
  );
  const all = outcomes.flat();
  expect([all.filter((o) => o === 'reserved').length, all.filter((o) => o === 'rejected').length]).toEqual([
    50, 150,
  ]);
  expect(await stores.reserved(customer)).toBe(5_000);
});

test('a customer whose row is locked is busy, and the others in the list are decided', async () => {
  const [locked, free] = [await stores.newCustomer(1_000), await stores.newCustomer(1_000)];
  const holder = new Client({ connectionString: stores.databases.adminCustomerUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [locked]);
  const orders = [orderOf(locked), orderOf(free)];
  const results = await stores.steps.reserveCredit({ sagaId: SAGA_ID, items: orders });
  expect(results.map(({ outcome }) => outcome).sort()).toEqual(['busy', 'reserved']);
  await holder.query('ROLLBACK');
  await holder.end();
  expect(
    (await stores.steps.reserveCredit({ sagaId: SAGA_ID, items: orders })).map(({ outcome }) => outcome),
  ).toEqual(['reserved', 'reserved']);
});
