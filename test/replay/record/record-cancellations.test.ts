/** Records sagas that are cancelled by the customer or by Temporal's Cancel, and the sagas that cancel. */
import { describe, test } from '@jest/globals';
import { v7 as newUuid } from 'uuid';
import { createOrderActivities } from '../../../activities/order';
import type { OrderRequest } from '../../../domain/contracts';
import { cancelSagaWorkflowId } from '../../../domain/names';
import type { Placement } from '../../../saga/contract';
import { allowConnections, hold, type Lock, refuseConnections } from '../../support/outages';
import { type Saga, Stage } from './stage';

const LONG = { settings: { creditCheckTimeoutMs: 60_000 } };

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  const keepEnded = async ({ workflowId }: Pick<Saga, 'workflowId'>, name: string, words: string) => {
    await stage.ended(workflowId);
    await stage.keep(workflowId, name, words);
  };

  const approved = async (): Promise<OrderRequest> => {
    const order = stage.order(await stage.newCustomer());
    await (await stage.start([order])).result();
    return order;
  };

  /** An order that has its credit when the lock is released. */
  const waiting = async () => {
    const order = stage.order(await stage.newCustomer());
    const lock = await stage.holdCustomer(order.customerId);
    const saga = await stage.start([order], LONG);
    await stage.stateIs(order.orderId, 'PENDING');
    return { order, lock, saga };
  };

  /** What the cancelling saga does first, and nothing after it. */
  const requestByHand = async ({ orderId }: OrderRequest) => {
    const steps = createOrderActivities({ db: stage.system.orders });
    await steps.requestCancellations({ sagaId: cancelSagaWorkflowId(orderId), items: [{ orderId }] });
    await stage.stateIs(orderId, 'CANCELLED');
  };

  const holdRow = ({ orderId }: OrderRequest): Promise<Lock> =>
    hold(stage.system.databases.adminOrderUrl, 'SELECT FROM orders WHERE id = $1 FOR UPDATE', [orderId]);

  test('an order that waits for credit: the tombstone comes before its reservation', async () => {
    const { order, lock, saga } = await waiting();
    const cancelling = await stage.startCancelling(order);
    await stage.stateIs(order.orderId, 'CANCELLED');
    await lock.query(
      `INSERT INTO credit_reservations (order_id, customer_id, saga_id, amount_minor, currency, status)
       VALUES ($1, $2, $3, $4, $5, 'RELEASED')`,
      [order.orderId, order.customerId, cancelling.workflowId, order.totalMinor, order.currency],
    );
    await lock.release();
    await keepEnded(saga, 'cancelled-while-it-waits', 'cancelled by its customer while it waits for credit');
    await keepEnded(cancelling, 'cancels-pending', 'cancels an order that waits for credit');
  });

  test('an order that waits for credit: its reservation comes before the tombstone', async () => {
    const { order, lock, saga } = await waiting();
    await requestByHand(order);
    await lock.release();
    await keepEnded(saga, 'cancelled-before-approval', 'its approval finds it cancelled: compensated');
  });

  test('an approved order, one cancelled by request, and one that was refused', async () => {
    const order = await approved();
    await keepEnded(await stage.startCancelling(order), 'cancels-approved', 'cancels an approved order');
    await keepEnded(
      await stage.startCancelling(order),
      'cancels-again',
      'finds the order cancelled by request',
    );
    const refused = stage.order(newUuid());
    await (await stage.start([refused])).result();
    await keepEnded(await stage.startCancelling(refused), 'cancels-refused', 'finds the order refused');
  });

  test("an approved order whose customer's row is locked, and one whose database is away", async () => {
    const order = await approved();
    const lock = await stage.holdCustomer(order.customerId);
    const waits = await stage.startCancelling(order);
    await stage.stateIs(order.orderId, 'CANCELLING');
    if (placement === 'colocated') await stage.pausesBefore(waits.workflowId, 'release credit');
    // A cancellation cannot be cancelled.
    await waits.cancel();
    await lock.release();
    await keepEnded(waits, 'cancels-busy', "waits for the customer's row, whatever Temporal's Cancel says");

    const { adminOrderUrl } = stage.system.databases;
    const another = await approved();
    await refuseConnections(adminOrderUrl);
    const retries = await stage.startCancelling(another);
    await stage.pausesBefore(retries.workflowId, 'request cancellation');
    await allowConnections(adminOrderUrl);
    await keepEnded(retries, 'cancels-after-retries', 'its database is away when it begins');
  });

  test("Temporal's Cancel while it waits for credit", async () => {
    const { order, lock, saga } = await waiting();
    await saga.cancel();
    await stage.stateIs(order.orderId, 'CANCELLED');
    if (placement === 'colocated') await stage.pausesBefore(saga.workflowId, 'release credit');
    await lock.release();
    await keepEnded(saga, 'cancel-button', "Temporal's Cancel while it waits for credit: compensated");
  });

  test("Temporal's Cancel before its credit step", async () => {
    const order = stage.order();
    const lock = await stage.holdOrders();
    const saga = await stage.start([order]);
    await stage.pausesBefore(saga.workflowId, 'create as PENDING');
    await saga.cancel();
    await lock.release();
    await keepEnded(saga, 'cancel-button-before-credit', "Temporal's Cancel before its credit step");
  });

  test("Temporal's Cancel after the pivot", async () => {
    const { order, lock, saga } = await waiting();
    const row = await holdRow(order);
    await lock.release();
    await stage.pausesBefore(saga.workflowId, 'approve');
    await saga.cancel();
    await row.release();
    await keepEnded(
      saga,
      'cancel-button-after-pivot',
      "Temporal's Cancel while it is approved: cancelled then",
    );
  });

  test("Temporal's Cancel of a group whose orders are approved, refused, failed and waiting", async () => {
    const customer = await stage.newCustomer();
    const [done, waits, failed] = [stage.order(), stage.order(customer), stage.order()];
    await stage.reserveByHand({ ...failed, totalMinor: failed.totalMinor + 1 });
    const lock = await stage.holdCustomer(customer);
    const saga = await stage.start([done, stage.order(newUuid()), failed, waits], LONG);
    await stage.stateIs(done.orderId, 'APPROVED');
    await stage.stateIs(failed.orderId, 'CANCELLED');
    await saga.cancel();
    await stage.stateIs(done.orderId, 'CANCELLED');
    await lock.release();
    await keepEnded(
      saga,
      'cancel-button-group',
      "Temporal's Cancel of a group whose orders are approved, refused, failed and waiting",
    );
  });

  test('run again while its order is CANCELLING, and afterwards', async () => {
    const order = await approved();
    const lock = await stage.holdCustomer(order.customerId);
    const cancelling = await stage.startCancelling(order);
    if (placement === 'colocated') await stage.pausesBefore(cancelling.workflowId, 'release credit');
    else await stage.retriedByServer(cancelling.workflowId);
    await cancelling.terminate();
    await lock.release();
    await keepEnded(
      await stage.start([order]),
      'run-again-cancelling',
      'run again while its order is CANCELLING, its credit held',
    );
    await (await stage.startCancelling(order)).result();
    await keepEnded(
      await stage.start([order]),
      'run-again-cancelled',
      'run again when its order is CANCELLED and its credit released',
    );
  });

  test('run again while its order is CANCELLING, its credit released', async () => {
    const order = await approved();
    const lock = await stage.holdCustomer(order.customerId);
    const cancelling = await stage.startCancelling(order);
    await stage.stateIs(order.orderId, 'CANCELLING');
    const row = await holdRow(order);
    await lock.release();
    await stage.pausesBefore(cancelling.workflowId, 'cancel');
    await cancelling.terminate();
    await row.release();
    await keepEnded(
      await stage.start([order]),
      'run-again-cancelling-released',
      'run again while its order is CANCELLING, its credit released already',
    );
  });

  if (placement === 'colocated') return;

  test("Temporal's Cancel and the reservation in one task", async () => {
    const order = stage.order();
    await stage.system.stopCredit();
    const saga = await stage.start([order], LONG);
    await stage.onQueue(saga.workflowId, 'reserveCredit', 1);
    await stage.system.stopSagas();
    await stage.system.startCredit();
    await stage.historyHas(saga.workflowId, (event) => event.activityTaskCompletedEventAttributes);
    await saga.cancel();
    await stage.system.startSagas();
    await keepEnded(saga, 'cancelled-at-the-pivot', 'Cancel and the reservation in one task: compensated');
  });
});
