/** Records sagas that meet what only a mistake can cause (a missing function, rows edited by hand), and operators. */
import { describe, test } from '@jest/globals';
import type { OrderRequest } from '../../../domain/contracts';
import type { Placement } from '../../../saga/contract';
import { giveDatabaseBack, hold, takeDatabaseAway } from '../../support/outages';
import { type Saga, Stage } from './stage';

const LONG = { settings: { creditCheckTimeoutMs: 60_000 } };

/** As many as leave the saga pausing by itself: on its task queue the server retries a step that is parked. */
const IMPATIENT_RETRIES = { colocated: 2, distributed: 0 } as const;

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  const keepEnded = async ({ workflowId }: Pick<Saga, 'workflowId'>, name: string, words: string) => {
    await stage.ended(workflowId);
    await stage.keep(workflowId, name, words);
  };

  /** Without these functions of the customer database meanwhile. */
  const without = async <T>(names: readonly string[], run: () => Promise<T>): Promise<T> => {
    for (const name of names) await stage.onCustomers(`ALTER FUNCTION ${name} RENAME TO ${name}_gone`);
    try {
      return await run();
    } finally {
      for (const name of names) await stage.onCustomers(`ALTER FUNCTION ${name}_gone RENAME TO ${name}`);
    }
  };

  /** An order whose credit can be neither reserved nor released while the operators are at work. */
  const refused = (operators: (saga: Saga) => Promise<unknown>, orders = [stage.order()]) =>
    without(['reserve_credit', 'release_credit'], async () => {
      const saga = await stage.start(orders);
      await stage.parked(saga.workflowId);
      await operators(saga);
      return saga;
    });

  const waiting = async (order: OrderRequest) => {
    const lock = await stage.holdCustomer(order.customerId);
    const saga = await stage.start([order], LONG);
    await stage.stateIs(order.orderId, 'PENDING');
    return { lock, saga };
  };

  test('reserving fails permanently', async () => {
    const saga = await without(['reserve_credit'], async () => {
      const started = await stage.start([stage.order()]);
      await stage.ended(started.workflowId);
      return started;
    });
    await keepEnded(
      saga,
      'reserve-failed',
      'its credit step fails permanently: cancelled, compensated, and failed',
    );
  });

  test('releasing fails permanently: fixed, or given up', async () => {
    await keepEnded(
      await refused(() => Promise.resolve()),
      'release-failed',
      'its compensation fails permanently: parked at once, and compensated when that is fixed',
    );
    await keepEnded(
      await refused(async ({ workflowId }) => {
        await stage.giveUp(workflowId);
        await stage.ended(workflowId);
      }),
      'release-given-up',
      'its compensation fails permanently, and an operator gives it up',
    );
    await keepEnded(
      await refused(async ({ workflowId }) => {
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
    const saga = await refused(async ({ workflowId }) => {
      // One that names no reason decides nothing.
      await stage.giveUp(workflowId, { reason: '' });
      await stage.giveUp(workflowId, { subject: orders[0]?.orderId });
      await stage.hasStep(workflowId, 'giveUpOrders');
    }, orders);
    await keepEnded(
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
    await keepEnded(saga, 'creation-given-up', 'the order cannot be created, and an operator gives it up');
  });

  test('an order that cannot be approved is given up', async () => {
    const order = stage.order(await stage.newCustomer());
    const { lock, saga } = await waiting(order);
    await stage.onOrders('ALTER TABLE orders RENAME TO orders_gone');
    await lock.release();
    await stage.parked(saga.workflowId, 'approve');
    await stage.giveUp(saga.workflowId);
    await stage.ended(saga.workflowId);
    await stage.onOrders('ALTER TABLE orders_gone RENAME TO orders');
    await keepEnded(saga, 'approval-given-up', 'the order cannot be approved, and an operator gives it up');
  });

  test('retried by operators: during a long pause, while the server pauses, and before anything is parked', async () => {
    const impatient = await refused(async ({ workflowId }) => {
      for (let retries = 1; retries <= IMPATIENT_RETRIES[placement]; retries++) {
        await stage.pausesBefore(workflowId, 'release credit', retries);
        await stage.retry(workflowId);
      }
      await stage.pausesBefore(workflowId, 'release credit', IMPATIENT_RETRIES[placement] + 1);
    });
    await stage.retry(impatient.workflowId);
    await keepEnded(
      impatient,
      'retried',
      'its compensation is parked, and operators retry it until it succeeds',
    );

    await takeDatabaseAway(stage.system.databases.adminCustomerUrl);
    const order = stage.order();
    const server = await stage.start([order], {
      settings: { creditCheckTimeoutMs: 1_000 },
      parkAfterMs: 300,
    });
    await stage.stateIs(order.orderId, 'CANCELLED');
    await stage.parked(server.workflowId);
    await stage.retriedByServer(server.workflowId, 'releaseCredit');
    await giveDatabaseBack(stage.system.databases.adminCustomerUrl);
    await stage.retry(server.workflowId, { subject: order.orderId });
    await keepEnded(
      server,
      'retried-on-queue',
      'its compensation waits on its queue, and an operator retries it',
    );

    const another = stage.order(await stage.newCustomer());
    const { lock, saga } = await waiting(another);
    await stage.giveUp(saga.workflowId);
    await stage.retry(saga.workflowId, { subject: another.orderId });
    await stage.historyHas(saga.workflowId, (event) => event.workflowExecutionSignaledEventAttributes, 2);
    await lock.release();
    await keepEnded(saga, 'nothing-to-give-up', 'operators signal it while nothing is parked');
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
    await without(['release_credit'], async () => {
      await locks[0].release();
      await stage.parked(saga.workflowId, 'approve');
      await stage.stateIs(releasing.orderId, 'CANCELLED');
      await locks[1].release();
      await stage.parked(saga.workflowId, 'release credit');
      await stage.retry(saga.workflowId, { subject: approving.orderId });
    });
    await stage.retry(saga.workflowId, { subject: releasing.orderId });
    await row.release();
    await keepEnded(
      saga,
      'retried-for-one',
      'two of its steps are parked, and operators retry one at a time',
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
      const { lock, saga } = await waiting(order);
      await stage.onOrders('DELETE FROM orders WHERE id = $1', [order.orderId]);
      await lock.release();
      await keepEnded(saga, name, words);
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
    await keepEnded(
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
    await keepEnded(
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
    await keepEnded(late, 'cancels-deleted', 'its order is deleted by hand while it is cancelled: failed');

    const gone = await stage.startCancelling(edited);
    await keepEnded(gone, 'cancels-missing', 'finds no order to cancel: failed');
  });
});
