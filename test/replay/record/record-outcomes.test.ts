/** Records how a saga ends when nothing is in its way. */
import { describe, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { createCustomerActivities } from '../../../activities/customer';
import type { Placement } from '../../../domain/contracts';
import { REQUEST_CANCELLATION } from '../../../domain/names';
import { createCustomerDatabase } from '../../../prisma/customer/client';
import { holdCustomer } from '../../support/outages';
import { Stage } from './stage';

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  test('approved', async () => {
    const saga = await stage.start([stage.order()]);
    await saga.result();
    await stage.keep(saga.workflowId, 'approved', 'approved');
  });

  test('insufficient credit', async () => {
    const saga = await stage.start([stage.order(undefined, 99_999_999)]);
    await saga.result();
    await stage.keep(saga.workflowId, 'insufficient-credit', 'refused: the credit limit would be exceeded');
  });

  test('unknown customer', async () => {
    const saga = await stage.start([stage.order(newUuid())]);
    await saga.result();
    await stage.keep(saga.workflowId, 'unknown-customer', 'refused: there is no such customer');
  });

  test("a reservation under the order's id with other content", async () => {
    const order = stage.order();
    const db = createCustomerDatabase(stage.system.databases.customerUrl);
    await createCustomerActivities({ db }).reserveCredit({
      sagaId: 'another',
      orders: [{ ...order, totalMinor: order.totalMinor + 1 }],
    });
    await db.$disconnect();
    const saga = await stage.start([order]);
    await stage.ended(saga.workflowId);
    await stage.keep(
      saga.workflowId,
      'reservation-conflict',
      "cancelled, and failed loudly: credit is reserved under the order's id with other content",
    );
  });

  test('a group of fifty', async () => {
    const saga = await stage.start(Array.from({ length: 50 }, () => stage.order()));
    await saga.result();
    await stage.keep(saga.workflowId, 'group-of-fifty', 'fifty orders, all approved');
  });

  test('a group with mixed outcomes', async () => {
    const customer = await stage.newCustomer();
    const taken = stage.order();
    await (await stage.start([taken])).result();
    const owned = stage.order();
    await (await stage.start([owned], { workflowId: `order-owner-${owned.orderId}` })).result();
    const [waiting, cancelled] = [stage.order(customer), stage.order(customer)];
    const lock = await holdCustomer(stage.system.databases.adminCustomerUrl, customer);
    const saga = await stage.start([
      stage.order(),
      stage.order(undefined, 99_999_999),
      stage.order(newUuid()),
      { ...taken, totalMinor: taken.totalMinor + 1 },
      owned,
      waiting,
      cancelled,
    ]);
    await stage.stateIs(waiting.orderId, 'PENDING');
    await stage.update(saga.workflowId, REQUEST_CANCELLATION, { orderId: cancelled.orderId });
    await stage.stateIs(cancelled.orderId, 'CANCELLED');
    await lock.release();
    await saga.result();
    await stage.keep(
      saga.workflowId,
      'mixed-group',
      'seven orders: approved, refused twice, in conflict, owned by another saga, waiting and approved, cancelled alone',
    );
  });
});
