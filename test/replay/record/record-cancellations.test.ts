/** Records sagas that are cancelled: by the customer, by Temporal's Cancel button, at every moment. */
import { describe, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { startService } from '../../../api/service';
import type { OrderRequest, Placement } from '../../../domain/contracts';
import { REQUEST_CANCELLATION } from '../../../domain/names';
import { createLogger } from '../../../platform/logger';
import { eventually } from '../../support/http';
import { giveDatabaseBack, hold, holdCustomer, takeDatabaseAway } from '../../support/outages';
import { type Saga, Stage } from './stage';

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  const cancel = ({ workflowId }: Saga, { orderId }: OrderRequest) =>
    stage.update(workflowId, REQUEST_CANCELLATION, { orderId });

  test('before it could begin to reserve', async () => {
    const order = stage.order();
    const lock = await stage.holdOrders();
    const saga = await stage.start([order]);
    await stage.someoneWaitsForOrders();
    // The update is heard with the saga's next task: when the step has been given up for the first time.
    const asked = cancel(saga, order);
    await stage.historyHas(saga, 'timerStartedEventAttributes');
    await lock.release();
    await asked;
    await saga.result();
    await stage.keep(saga.workflowId, 'cancelled-before', 'cancelled before it began to reserve');
  });

  test.each([
    ['cancelled-during', 'cancelled by the customer while it waits for credit, and compensated', 'update'],
    ['cancel-button', "Temporal's Cancel while it waits for credit, and compensated", 'button'],
  ])('%s', async (name, words, way) => {
    const customer = await stage.newCustomer();
    const order = stage.order(customer);
    const lock = await holdCustomer(stage.system.databases.adminCustomerUrl, customer);
    const saga = await stage.start([order]);
    await stage.stateIs(order.orderId, 'PENDING');
    if (way === 'button') await saga.cancel();
    else await cancel(saga, order);
    await stage.stateIs(order.orderId, 'CANCELLED');
    // Until the compensation has been tried once.
    if (placement === 'colocated') await stage.historyHas(saga, 'timerStartedEventAttributes', 2);
    await lock.release();
    await stage.ended(saga.workflowId);
    await stage.keep(saga.workflowId, name, words);
  });

  test('before it began', async () => {
    const order = stage.order();
    const saga = await stage.start([order], { cancellations: [order] });
    await saga.result();
    await stage.keep(saga.workflowId, 'cancelled-before-it-began', 'begun with its cancellation');
  });

  test('after approval', async () => {
    const order = stage.order();
    await (await stage.start([order])).result();
    const saga = await stage.startCancelling(order);
    await saga.result();
    await stage.keep(saga.workflowId, 'cancelled-after', 'an approved order, cancelled by the second saga');
  });

  test('after it was cancelled', async () => {
    const order = stage.order(newUuid());
    await (await stage.start([order])).result();
    const saga = await stage.startCancelling(order);
    await saga.result();
    await stage.keep(saga.workflowId, 'cancelled-already', 'the second saga finds the order cancelled');
  });

  test('an approved order whose cancellation was terminated, and whose first saga is run again', async () => {
    const order = stage.order();
    await (await stage.start([order])).result();
    await takeDatabaseAway(stage.system.databases.adminCustomerUrl);
    const cancelling = await stage.startCancelling(order);
    await stage.stateIs(order.orderId, 'CANCELLING');
    await cancelling.terminate();
    await giveDatabaseBack(stage.system.databases.adminCustomerUrl);
    const again = await stage.start([order]);
    await again.result();
    await stage.keep(
      again.workflowId,
      'run-again-cancelling',
      'run again while its order is CANCELLING, credit held',
    );

    const finished = await stage.startCancelling(order);
    await finished.result();
    const afterwards = await stage.start([order]);
    await afterwards.result();
    await stage.keep(
      afterwards.workflowId,
      'run-again-cancelled',
      'run again when its order is CANCELLED and its credit released',
    );
  });

  test('an approved order whose cancellation was terminated at its last step', async () => {
    const { adminCustomerUrl, adminOrderUrl } = stage.system.databases;
    const order = stage.order();
    await (await stage.start([order])).result();
    const credit = await holdCustomer(adminCustomerUrl, order.customerId);
    const cancelling = await stage.startCancelling(order);
    await stage.stateIs(order.orderId, 'CANCELLING');
    const row = await hold(adminOrderUrl, 'SELECT FROM orders WHERE id = $1 FOR UPDATE', [order.orderId]);
    await credit.release();
    await eventually(async () => {
      const [reservation] = await stage.onCustomers(
        `SELECT FROM credit_reservations WHERE order_id = $1 AND status = 'RELEASED'`,
        [order.orderId],
      );
      return reservation;
    });
    await cancelling.terminate();
    await row.release();
    const again = await stage.start([order]);
    await again.result();
    await stage.keep(
      again.workflowId,
      'run-again-cancelling-released',
      'run again while its order is CANCELLING, its credit released already',
    );
  });

  if (placement === 'colocated') return;

  test('in the moment in which credit is reserved', async () => {
    const { system } = stage;
    const orders = [stage.order(), stage.order()] as const;
    const lock = await hold(
      system.databases.adminCustomerUrl,
      'LOCK TABLE credit_reservations IN SHARE MODE',
    );
    const [compensated, terminated] = [await stage.start([orders[0]]), await stage.start([orders[1]])];
    const sagas = [compensated, terminated];
    await Promise.all(sagas.map((saga) => stage.historyHas(saga, 'activityTaskScheduledEventAttributes')));
    await system.stopService();
    await lock.release();
    await Promise.all(sagas.map((saga) => stage.historyHas(saga, 'activityTaskCompletedEventAttributes')));
    await system.stopCustomerService();
    for (const saga of sagas) await saga.cancel();
    const service = await startService(system.settings, createLogger('silent'));
    try {
      await Promise.all(
        sagas.map((saga) => stage.historyHas(saga, 'activityTaskScheduledEventAttributes', 2)),
      );
      await terminated.terminate();
      await system.startCustomerService();
      await compensated.result();
      await stage.keep(
        compensated.workflowId,
        'cancelled-at-the-pivot',
        'Cancel and the reservation in one task: compensated',
      );
      const again = await stage.start([orders[1]]);
      await again.result();
      await stage.keep(
        again.workflowId,
        'run-again-uncompensated',
        'run again when its order is CANCELLED but its credit still held: compensated',
      );
    } finally {
      await service.stop();
    }
  });
});
