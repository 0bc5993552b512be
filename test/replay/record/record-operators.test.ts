/** Records sagas whose steps are parked, and operators who retry them or give them up. */
import { describe, test } from '@jest/globals';
import type { Placement } from '../../../saga/contract';
import { allowConnections, hold, refuseConnections } from '../../support/outages';
import { Mishaps } from './mishaps';

/** As many as leave the saga pausing by itself: on its task queue the server retries a step that is parked. */
const IMPATIENT_RETRIES = { colocated: 2, distributed: 0 } as const;

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Mishaps(placement);

  test('releasing fails permanently: fixed, or given up', async () => {
    await stage.keepEnded(
      await stage.refused(() => Promise.resolve()),
      'release-failed',
      'its compensation fails permanently: parked at once, and compensated when that is fixed',
    );
    await stage.keepEnded(
      await stage.refused(async ({ workflowId }) => {
        await stage.giveUp(workflowId);
        await stage.ended(workflowId);
      }),
      'release-given-up',
      'its compensation fails permanently, and an operator gives it up',
    );
    await stage.keepEnded(
      await stage.refused(async ({ workflowId }) => {
        await stage.onOrders('ALTER TABLE given_up_steps RENAME TO given_up_steps_gone');
        await stage.giveUp(workflowId);
        await stage.parked(workflowId, 'record that it was given up');
        await stage.giveUp(workflowId);
        await stage.ended(workflowId);
        await stage.onOrders('ALTER TABLE given_up_steps_gone RENAME TO given_up_steps');
      }),
      'given-up-twice',
      'its compensation is given up, and then the record of that',
    );
  });

  test('one order of a group is given up', async () => {
    const orders = [stage.order(), stage.order()];
    const saga = await stage.refused(async ({ workflowId }) => {
      // One that names no reason decides nothing.
      await stage.giveUp(workflowId, { reason: '' });
      await stage.giveUp(workflowId, { subject: orders[0]?.orderId });
      await stage.hasStep(workflowId, 'giveUpOrders');
    }, orders);
    await stage.keepEnded(
      saga,
      'one-given-up',
      'the compensation of one order of a group is given up, the other one succeeds',
    );
  });

  test('an order that cannot be created is given up', async () => {
    await stage.onOrders('ALTER TABLE orders RENAME TO orders_gone');
    const saga = await stage.start([stage.order()]);
    await stage.parked(saga.workflowId, 'create as PENDING');
    await stage.giveUp(saga.workflowId);
    await stage.ended(saga.workflowId);
    await stage.onOrders('ALTER TABLE orders_gone RENAME TO orders');
    await stage.keepEnded(
      saga,
      'creation-given-up',
      'the order cannot be created, and an operator gives it up',
    );
  });

  test('an order that cannot be approved is given up', async () => {
    const order = stage.order(await stage.newCustomer());
    const { lock, saga } = await stage.waiting(order);
    await stage.onOrders('ALTER TABLE orders RENAME TO orders_gone');
    await lock.release();
    await stage.parked(saga.workflowId, 'approve');
    await stage.giveUp(saga.workflowId);
    await stage.ended(saga.workflowId);
    await stage.onOrders('ALTER TABLE orders_gone RENAME TO orders');
    await stage.keepEnded(
      saga,
      'approval-given-up',
      'the order cannot be approved, and an operator gives it up',
    );
  });

  test('retried by operators: during a long pause, while the server pauses, and before anything is parked', async () => {
    const impatient = await stage.refused(async ({ workflowId }) => {
      for (let retries = 1; retries <= IMPATIENT_RETRIES[placement]; retries++) {
        await stage.pausesBefore(workflowId, 'release credit', retries);
        await stage.retry(workflowId);
      }
      await stage.pausesBefore(workflowId, 'release credit', IMPATIENT_RETRIES[placement] + 1);
    });
    await stage.retry(impatient.workflowId);
    await stage.keepEnded(
      impatient,
      'retried',
      'its compensation is parked, and operators retry it until it succeeds',
    );

    await refuseConnections(stage.system.databases.adminCustomerUrl);
    const order = stage.order();
    const server = await stage.start([order], {
      settings: { creditCheckTimeoutMs: 1_000 },
      parkAfterMs: 300,
    });
    await stage.stateIs(order.orderId, 'CANCELLED');
    await stage.parked(server.workflowId);
    await stage.retriedByServer(server.workflowId, 'releaseCredit');
    await allowConnections(stage.system.databases.adminCustomerUrl);
    await stage.retry(server.workflowId, { subject: order.orderId });
    await stage.keepEnded(
      server,
      'retried-on-queue',
      'its compensation waits on its queue, and an operator retries it',
    );

    const another = stage.order(await stage.newCustomer());
    const { lock, saga } = await stage.waiting(another);
    await stage.giveUp(saga.workflowId);
    await stage.retry(saga.workflowId, { subject: another.orderId });
    await stage.historyHas(saga.workflowId, (event) => event.workflowExecutionSignaledEventAttributes, 2);
    await lock.release();
    await stage.keepEnded(saga, 'nothing-to-give-up', 'operators signal it while nothing is parked');
  });

  test("operators retry one order's step while another one's is parked, too", async () => {
    const [approving, releasing] = [
      stage.order(await stage.newCustomer()),
      stage.order(await stage.newCustomer()),
    ];
    const locks = [
      await stage.holdCustomer(approving.customerId),
      await stage.holdCustomer(releasing.customerId),
    ] as const;
    const settings = { creditCheckTimeoutMs: 2_000 };
    const saga = await stage.start([approving, releasing], { settings, parkAfterMs: 300 });
    await stage.stateIs(approving.orderId, 'PENDING');
    const row = await hold(
      stage.system.databases.adminOrderUrl,
      'SELECT FROM orders WHERE id = $1 FOR UPDATE',
      [approving.orderId],
    );
    await stage.without(['release_credit'], async () => {
      await locks[0].release();
      await stage.parked(saga.workflowId, 'approve');
      await stage.stateIs(releasing.orderId, 'CANCELLED');
      await locks[1].release();
      await stage.parked(saga.workflowId, 'release credit');
      await stage.retry(saga.workflowId, { subject: approving.orderId });
    });
    await stage.retry(saga.workflowId, { subject: releasing.orderId });
    await row.release();
    await stage.keepEnded(
      saga,
      'retried-for-one',
      'two of its steps are parked, and operators retry one at a time',
    );
  });
});
