/** Records how a saga ends when nothing is in its way. */
import { describe, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import type { Placement } from '../../../saga/contract';
import { twoStepsAtOnce } from '../../support/steps-at-once';
import { Stage } from './stage';

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  test('approved', async () => {
    const saga = await stage.start([stage.order()]);
    await saga.result();
    await stage.keep(saga.workflowId, 'approved', 'approved');
  });

  test.each([
    ['insufficient-credit', 'the credit limit would be exceeded', () => stage.order(undefined, 99_999_999)],
    ['unknown-customer', 'there is no such customer', () => stage.order(newUuid())],
    [
      'currency-mismatch',
      "the order's currency is not the customer's",
      () => stage.order(undefined, 100, 'EUR'),
    ],
  ])('%s', async (name, words, order) => {
    const saga = await stage.start([order()]);
    await saga.result();
    await stage.keep(saga.workflowId, name, `refused: ${words}`);
  });

  test("a reservation under the order's id with other content", async () => {
    const order = stage.order();
    await stage.reserveByHand({ ...order, totalMinor: order.totalMinor + 1 });
    const saga = await stage.start([order]);
    await stage.ended(saga.workflowId);
    await stage.keep(
      saga.workflowId,
      'reservation-conflict',
      "cancelled, and the saga fails: credit is reserved under the order's id with other content",
    );
  });

  test('an order whose id is taken: by other content, by another saga', async () => {
    const order = stage.order();
    await (await stage.start([order])).result();
    const conflicting = await stage.start([{ ...order, totalMinor: 101 }], {}, `order-${newUuid()}`);
    await conflicting.result();
    await stage.keep(conflicting.workflowId, 'conflict', 'an order with this id and other content exists');
    const owned = await stage.start([order], {}, `order-${newUuid()}`);
    await owned.result();
    await stage.keep(owned.workflowId, 'not-owned', 'the order belongs to another saga');
  });

  test('run again after it was approved', async () => {
    const order = stage.order();
    await (await stage.start([order])).result();
    const again = await stage.start([order]);
    await again.result();
    await stage.keep(again.workflowId, 'run-again-approved', 'run again after it was approved');
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
    await (await stage.start([owned], {}, `order-owner-${owned.orderId}`)).result();
    const waiting = stage.order(customer);
    const lock = await stage.holdCustomer(customer);
    const approved = stage.order();
    const saga = await stage.start([
      approved,
      stage.order(undefined, 99_999_999),
      stage.order(newUuid()),
      { ...taken, totalMinor: taken.totalMinor + 1 },
      owned,
      waiting,
    ]);
    await stage.stateIs(approved.orderId, 'APPROVED');
    await lock.release();
    await saga.result();
    await stage.keep(
      saga.workflowId,
      'mixed-group',
      'six orders: approved, refused twice, in conflict, owned by another saga, waiting and approved',
    );
  });

  test('two steps of a group at once, each with another step after it', async () => {
    const { workflowId, orders } = await twoStepsAtOnce(stage.system.databases, await stage.newCustomer());
    const saga = await stage.start(orders, {}, workflowId);
    await saga.result();
    await stage.keep(
      workflowId,
      'two-steps-at-once',
      'two of its steps are under way at once, and each has another step after it',
    );
  });
});
