/** Hundreds of requests wait under load: their polls for changes of other processes share statements. */
import { afterEach, expect, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { createOrderActivities } from '../../activities/order';
import { findOrder } from '../../api/orders/order-reads';
import { FIRST_POLL_MS, waitForState } from '../../api/orders/order-watch';
import type { OrderNotice } from '../../domain/contracts';

import { KeyedWaiters } from '../../platform/keyed-waiters';
import { createPool } from '../../platform/postgres-session';
import { createOrderDatabase } from '../../prisma/order/client';
import { createTestDatabases, rowsOf } from '../support/databases';

const ORDERS = 40;

/** Cleanup of what was started, last first, also after a failure. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test('requests that poll at the same time share one statement, and each gets its own order', async () => {
  const databases = await createTestDatabases();
  ends.push(() => databases.drop());
  const pool = createPool(databases.orderUrl, 'order-service');
  const db = createOrderDatabase(databases.orderUrl, pool);
  ends.push(() => db.$disconnect());
  const orders = Array.from({ length: ORDERS }, () => ({
    orderId: newUuid(),
    customerId: newUuid(),
    totalMinor: 100,
    currency: 'USD',
  }));
  await createOrderActivities({ db }).createPendingOrders({ sagaId: 'saga', items: orders });
  const pending = await Promise.all(orders.map(({ orderId }) => findOrder(db, orderId)));
  const last = orders.at(-1)?.orderId ?? '';
  await rowsOf(databases.adminOrderUrl, "UPDATE orders SET state = 'APPROVED', version = 2 WHERE id <> $1", [
    last,
  ]);
  let statements = 0;
  pool.on('acquire', () => (statements += 1));

  const notices = new KeyedWaiters<OrderNotice>();
  const waitUntil = Date.now() + 2 * FIRST_POLL_MS;
  const seen = await Promise.all(
    pending.map((order) => {
      if (!order) throw new Error('an order was not there');
      const expectation = notices.expect(order.orderId);
      return waitForState(db, order, expectation, (state) => state === 'APPROVED', waitUntil);
    }),
  );

  const states = Object.fromEntries(seen.map(({ orderId, state }) => [orderId, state]));
  const wanted = Object.fromEntries(orders.map(({ orderId }) => [orderId, 'APPROVED']));
  expect(states).toEqual({ ...wanted, [last]: 'PENDING' });
  // Not 40; timers that begin in one millisecond may end in two turns.
  expect(statements).toBeLessThanOrEqual(4);
});
