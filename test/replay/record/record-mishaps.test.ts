/** Records sagas that meet what only a mistake can cause: a missing function, rows edited by hand. */
import { describe, test } from '@jest/globals';
import type { Placement } from '../../../saga/contract';
import { hold } from '../../support/outages';
import { Mishaps } from './mishaps';

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Mishaps(placement);

  test('reserving fails permanently', async () => {
    const saga = await stage.without(['reserve_credit'], async () => {
      const started = await stage.start([stage.order()]);
      await stage.ended(started.workflowId);
      return started;
    });
    await stage.keepEnded(
      saga,
      'reserve-failed',
      'its credit step fails permanently: cancelled, compensated, and failed',
    );
  });

  test('an order deleted by hand before it is approved, and one before it is cancelled', async () => {
    for (const [name, words, totalMinor] of [
      ['deleted-before-approval', 'its order is deleted by hand before it is approved: failed', 100],
      [
        'deleted-before-cancellation',
        'its order is deleted by hand before it is cancelled: failed',
        99_999_999,
      ],
    ] as const) {
      const order = stage.order(await stage.newCustomer(), totalMinor);
      const { lock, saga } = await stage.waiting(order);
      await stage.onOrders('DELETE FROM orders WHERE id = $1', [order.orderId]);
      await lock.release();
      await stage.keepEnded(saga, name, words);
    }
  });

  test("a reservation made by hand under the order's id, found by the compensation", async () => {
    const order = stage.order(await stage.newCustomer());
    const lock = await stage.holdCustomer(order.customerId);
    const saga = await stage.start([order], { settings: { creditCheckTimeoutMs: 1_000 } });
    await stage.stateIs(order.orderId, 'CANCELLED');
    await lock.query(
      `INSERT INTO credit_reservations (order_id, customer_id, saga_id, amount_minor, currency, status)
       VALUES ($1, $2, 'by hand', 1, 'USD', 'RELEASED')`,
      [order.orderId, order.customerId],
    );
    await lock.release();
    await stage.parked(saga.workflowId);
    await stage.giveUp(saga.workflowId);
    await stage.keepEnded(
      saga,
      'release-conflict',
      'its compensation finds a reservation with other content: parked, and given up',
    );
  });

  test('the cancelling saga finds an order of other content, one deleted by hand, and none', async () => {
    const order = stage.order(await stage.newCustomer());
    await (await stage.start([order])).result();
    const conflicting = await stage.startCancelling({ ...order, totalMinor: order.totalMinor + 1 });
    await stage.parked(conflicting.workflowId);
    await stage.giveUp(conflicting.workflowId);
    await stage.keepEnded(
      conflicting,
      'cancels-conflict',
      'cancels an order whose reservation has other content: parked, and given up',
    );

    const edited = stage.order(await stage.newCustomer());
    await (await stage.start([edited])).result();
    const held = await hold(stage.system.databases.adminCustomerUrl, 'SELECT FROM customers FOR UPDATE');
    const late = await stage.startCancelling(edited);
    await stage.stateIs(edited.orderId, 'CANCELLING');
    await stage.onOrders('DELETE FROM orders WHERE id = $1', [edited.orderId]);
    await held.release();
    await stage.keepEnded(
      late,
      'cancels-deleted',
      'its order is deleted by hand while it is cancelled: failed',
    );

    const gone = await stage.startCancelling(edited);
    await stage.keepEnded(gone, 'cancels-missing', 'finds no order to cancel: failed');
  });
});
