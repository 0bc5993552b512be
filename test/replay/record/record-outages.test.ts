/** Records sagas whose databases, rows, services and workers are away for a while. */
import { describe, test } from '@jest/globals';
import type { Placement } from '../../../saga/contract';
import { allowConnections, hold, refuseConnections } from '../../support/outages';
import { killWhileItWaits } from './killed-worker';
import { type Saga, Stage } from './stage';

const RESERVE = 'reserve credit';

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);
  const customerUrl = () => stage.system.databases.adminCustomerUrl;
  const orderUrl = () => stage.system.databases.adminOrderUrl;

  const keepEnded = async ({ workflowId }: Pick<Saga, 'workflowId'>, name: string, words: string) => {
    await stage.ended(workflowId);
    await stage.keep(workflowId, name, words);
  };

  /** An order that will be approved when the returned lock is released. */
  const waitingForCredit = async () => {
    const customer = await stage.newCustomer();
    const order = stage.order(customer);
    const lock = await stage.holdCustomer(customer);
    const saga = await stage.start([order], { settings: { creditCheckTimeoutMs: 60_000 } });
    await stage.stateIs(order.orderId, 'PENDING');
    return { order, saga, lock };
  };

  const holdRow = (orderId: string) =>
    hold(orderUrl(), 'SELECT FROM orders WHERE id = $1 FOR UPDATE', [orderId]);

  test("the order service's database is away when an order is created", async () => {
    await refuseConnections(orderUrl());
    const saga = await stage.start([stage.order()]);
    await stage.pausesBefore(saga.workflowId, 'create as PENDING');
    await allowConnections(orderUrl());
    await keepEnded(saga, 'creation-retries', 'its database is away when the order is created');
  });

  test("the order service's database is away when an order is approved", async () => {
    for (const [name, words, failed] of [
      [
        'approval-retries',
        'its database is away when the order is approved',
        (saga: Saga) => stage.pausesBefore(saga.workflowId, 'approve'),
      ],
      [
        'approval-on-queue',
        'its database is away for so long that the approval goes to its queue',
        (saga: Saga) => stage.retriedByServer(saga.workflowId),
      ],
    ] as const) {
      const { saga, lock } = await waitingForCredit();
      await refuseConnections(orderUrl());
      await lock.release();
      await failed(saga);
      await allowConnections(orderUrl());
      await keepEnded(saga, name, words);
    }
  });

  test('an attempt in its own process takes too long', async () => {
    const lock = await stage.holdOrders();
    const saga = await stage.start([stage.order()]);
    await stage.pausesBefore(saga.workflowId, 'create as PENDING');
    await lock.release();
    await keepEnded(saga, 'attempt-too-long', 'an attempt is given up after a second, and made again');
  });

  test('orders of a group come to a step one after the other, and wait for it together', async () => {
    const customers = [await stage.newCustomer(), await stage.newCustomer()] as const;
    const orders = customers.map((customer) => stage.order(customer));
    const credit = [await stage.holdCustomer(customers[0]), await stage.holdCustomer(customers[1])] as const;
    const saga = await stage.start(orders, { settings: { creditCheckTimeoutMs: 60_000 } });
    for (const { orderId } of orders) await stage.stateIs(orderId, 'PENDING');
    const rows = [];
    for (const { orderId } of orders) rows.push(await holdRow(orderId));
    await credit[0].release();
    await stage.retriedByServer(saga.workflowId, 'approveOrders');
    await credit[1].release();
    // The attempt for one of them is replaced by one for both.
    await stage.historyHas(
      saga.workflowId,
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'approveOrders',
      2,
    );
    for (const row of rows) await row.release();
    await keepEnded(
      saga,
      'newcomer-while-others-wait',
      'one of its orders waits for a step on its queue when the other one comes to it',
    );
  });

  test('credit timeout, and the same saga run again', async () => {
    const order = stage.order();
    await refuseConnections(customerUrl());
    const saga = await stage.start([order]);
    await stage.stateIs(order.orderId, 'CANCELLED');
    await allowConnections(customerUrl());
    await keepEnded(
      saga,
      'credit-timeout',
      'no answer in time: cancelled, and compensated when the database is back',
    );
    const again = await stage.start([order]);
    await keepEnded(again, 'run-again-released', 'run again after it was unwound: the tombstone answers');
  });

  test("a customer's row is locked until the time is over", async () => {
    const customer = await stage.newCustomer();
    const order = stage.order(customer);
    const lock = await stage.holdCustomer(customer);
    const saga = await stage.start([order], { settings: { creditCheckTimeoutMs: 300 } });
    await stage.stateIs(order.orderId, 'CANCELLED');
    await lock.release();
    await keepEnded(saga, 'busy-until-timeout', "its customer's row is locked until the time is over");
  });

  test('needs attention', async () => {
    await refuseConnections(customerUrl());
    const saga = await stage.start([stage.order()], {
      settings: { creditCheckTimeoutMs: 1_000 },
      parkAfterMs: 300,
    });
    await stage.parked(saga.workflowId);
    // The server has retried it for as long as it may.
    if (placement === 'distributed')
      await stage.historyHas(saga.workflowId, (event) => event.activityTaskFailedEventAttributes);
    await allowConnections(customerUrl());
    await keepEnded(
      saga,
      'needs-attention',
      'its compensation fails for so long that it is parked; then it succeeds',
    );
  });

  test('a worker killed in the middle of a step', async () => {
    const order = stage.order();
    const lock = await stage.holdOrders();
    await stage.system.stopSagas();
    const workflowId = await killWhileItWaits(stage, () => stage.start([order]));
    await lock.release();
    await stage.system.startSagas();
    await keepEnded(
      { workflowId },
      'worker-killed',
      'its worker is killed in a step, and another resumes it',
    );
  });

  test('a worker killed while it approves', async () => {
    const { order, saga, lock } = await waitingForCredit();
    await stage.system.stopSagas();
    const orders = await stage.holdOrders();
    await killWhileItWaits(stage, async () => {
      await lock.release();
      return saga;
    });
    // Postgres finishes what the worker has begun.
    await orders.release();
    await stage.stateIs(order.orderId, 'APPROVED');
    await stage.system.startSagas();
    await keepEnded(saga, 'killed-while-it-approves', 'its worker is killed while it approves');
  });

  if (placement === 'colocated') {
    test("a customer's row is locked: for a moment, and for long", async () => {
      const first = await waitingForCredit();
      await stage.pausesBefore(first.saga.workflowId, RESERVE);
      await first.lock.release();
      await keepEnded(first.saga, 'busy', "waits for its customer's row, and is approved");

      const second = await waitingForCredit();
      await stage.retriedByServer(second.saga.workflowId);
      await second.lock.release();
      await keepEnded(second.saga, 'busy-for-long', "waits on the step's queue for its customer's row");
    });

    test("the customer service's database is away: for a moment, and for long", async () => {
      for (const [name, words, failed] of [
        [
          'retries',
          "approved after the customer service's database was away",
          (saga: Saga) => stage.pausesBefore(saga.workflowId, RESERVE),
        ],
        [
          'retries-on-queue',
          "the customer service's database is away for so long that the step goes to its queue",
          (saga: Saga) => stage.retriedByServer(saga.workflowId),
        ],
      ] as const) {
        await refuseConnections(customerUrl());
        const saga = await stage.start([stage.order()], { settings: { creditCheckTimeoutMs: 60_000 } });
        await failed(saga);
        await allowConnections(customerUrl());
        await keepEnded(saga, name, words);
      }
    });
    return;
  }

  test('begun in the other placement', async () => {
    const saga = await stage.start([stage.order()], { placement: 'colocated' });
    await keepEnded(
      saga,
      'begun-colocated',
      'begun colocated, resumed by an order service without a customer database',
    );
    const order = stage.order();
    await (await stage.start([order])).result();
    const cancelling = await stage.startCancelling(order, { placement: 'colocated' });
    await keepEnded(cancelling, 'cancelled-begun-colocated', 'a cancellation that was begun colocated');
  });

  test('the customer service away', async () => {
    const order = stage.order();
    await stage.system.stopCredit();
    const saga = await stage.start([order], {
      settings: { creditCheckTimeoutMs: 1_000 },
      parkAfterMs: 1_000,
    });
    await stage.stateIs(order.orderId, 'CANCELLED');
    await stage.parked(saga.workflowId);
    await stage.system.startCredit();
    await keepEnded(
      saga,
      'customer-service-away',
      'nobody takes the step in time: cancelled, parked, and compensated when the service is back',
    );
  });
});
