/** Records sagas that meet what only a mistake can bring about: a missing permission, rows edited by hand. */
import { describe, test } from '@jest/globals';
import type { Placement } from '../../../domain/contracts';
import { RETRY_STEP } from '../../../domain/names';
import { giveDatabaseBack, hold, holdCustomer, takeDatabaseAway } from '../../support/outages';
import { twoStepsAtOnce } from '../../support/steps-at-once';
import { type Saga, Stage } from './stage';

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  /** Without these functions while the saga runs. */
  const without = async (names: readonly string[], run: () => Promise<void>) => {
    for (const name of names) await stage.onCustomers(`ALTER FUNCTION ${name} RENAME TO ${name}_gone`);
    await run();
    for (const name of names) await stage.onCustomers(`ALTER FUNCTION ${name}_gone RENAME TO ${name}`);
  };
  const keepFailed = async (saga: Pick<Saga, 'workflowId'>, name: string, words: string) => {
    await stage.ended(saga.workflowId);
    await stage.keep(saga.workflowId, name, words);
  };

  test('reserving is refused', () =>
    without(['reserve_credit'], () =>
      stage
        .start([stage.order()])
        .then((saga) =>
          keepFailed(
            saga,
            'reserve-refused',
            'its statement is refused for good: cancelled, compensated, and failed',
          ),
        ),
    ));

  test('reserving and releasing are refused, and given up or mended', async () => {
    const refused = async (operators: (saga: Saga) => Promise<void>) => {
      let saga: Saga | undefined;
      await without(['reserve_credit', 'release_credit'], async () => {
        saga = await stage.start([stage.order()]);
        await stage.parked(saga.workflowId);
        await operators(saga);
      });
      if (!saga) throw new Error('nothing was started');
      await stage.ended(saga.workflowId);
      return saga;
    };
    await keepFailed(
      await refused(() => Promise.resolve()),
      'release-refused',
      'its compensation is refused for good: cancelled, parked, and compensated when that is mended',
    );
    await keepFailed(
      await refused((saga) => stage.giveUp(saga.workflowId)),
      'release-given-up',
      'its compensation is refused for good: cancelled, parked, and given up by an operator',
    );
    await keepFailed(
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

  test('retried by an operator', async () => {
    const order = stage.order();
    await takeDatabaseAway(stage.system.databases.adminCustomerUrl);
    const saga = await stage.start([order], { creditCheckTimeoutMs: 1_000, attentionAfterMs: 300 });
    await stage.parked(saga.workflowId);
    await giveDatabaseBack(stage.system.databases.adminCustomerUrl);
    await stage.update(saga.workflowId, RETRY_STEP, { by: 'grace' });
    await saga.result();
    await stage.keep(
      saga.workflowId,
      'retried',
      'its compensation is parked, and tried at once by an operator',
    );
  });

  test('retried by an operator while an attempt is under way', async () => {
    const approved = stage.order();
    await (await stage.start([approved])).result();
    const lock = await hold(stage.system.databases.adminCustomerUrl, 'LOCK TABLE credit_reservations');
    const slow = await stage.startCancelling(approved, 3_000);
    await stage.parked(slow.workflowId);
    if (placement === 'distributed') await stage.historyHas(slow, 'activityTaskScheduledEventAttributes', 2);
    await stage.someoneWaitsForCredit();
    await stage.update(slow.workflowId, RETRY_STEP, { by: 'grace' });
    await lock.release();
    await slow.result();
    await stage.keep(
      slow.workflowId,
      'retried-under-way',
      'an attempt of its release takes long, and an operator has it tried at once',
    );
  });

  test('an order deleted by hand before it is approved, and one before it is cancelled', async () => {
    const customer = await stage.newCustomer();
    for (const [name, words, totalMinor] of [
      ['deleted-before-approval', 'its order is deleted by hand before it is approved: failed', 100],
      [
        'deleted-before-cancellation',
        'its order is deleted by hand before it is cancelled: failed',
        99_999_999,
      ],
    ] as const) {
      const order = stage.order(customer, totalMinor);
      const lock = await holdCustomer(stage.system.databases.adminCustomerUrl, customer);
      const saga = await stage.start([order]);
      await stage.stateIs(order.orderId, 'PENDING');
      await stage.onOrders('DELETE FROM orders WHERE id = $1', [order.orderId]);
      await lock.release();
      await keepFailed(saga, name, words);
    }
  });

  test('two steps of a group at once, each with another step after it', async () => {
    const { workflowId, orders } = await twoStepsAtOnce(stage.system.databases, await stage.newCustomer());
    const saga = await stage.start(orders, { workflowId });
    await saga.result();
    await stage.keep(
      workflowId,
      'two-steps-at-once',
      'two of its steps are under way at once, and each has another step after it',
    );
  });

  test("a reservation made by hand under the order's id, found by the compensation", async () => {
    const customer = await stage.newCustomer();
    const order = stage.order(customer);
    const lock = await holdCustomer(stage.system.databases.adminCustomerUrl, customer);
    const saga = await stage.start([order]);
    await stage.stateIs(order.orderId, 'CANCELLED');
    await lock.query(
      `INSERT INTO credit_reservations (order_id, customer_id, saga_id, amount_minor, currency, status)
       VALUES ($1, $2, 'by hand', 1, 'USD', 'RELEASED')`,
      [order.orderId, customer],
    );
    await lock.release();
    await stage.parked(saga.workflowId);
    await stage.giveUp(saga.workflowId);
    await keepFailed(
      saga,
      'release-conflict',
      'its compensation finds a reservation with other content: parked, and given up',
    );
  });

  test('the second saga for an order that is pending, edited, or of other content', async () => {
    const customer = await stage.newCustomer();
    const order = stage.order(customer);
    const lock = await holdCustomer(stage.system.databases.adminCustomerUrl, customer);
    const first = await stage.start([order]);
    await stage.stateIs(order.orderId, 'PENDING');
    const early = await stage.startCancelling(order);
    await stage.historyHas(early, 'timerStartedEventAttributes');
    await lock.release();
    await first.result();
    await keepFailed(early, 'cancelled-too-early', 'the second saga waits until the first has decided');

    const other = stage.order();
    await (await stage.start([other])).result();
    const conflicting = await stage.startCancelling({ ...other, totalMinor: other.totalMinor + 1 });
    await stage.parked(conflicting.workflowId);
    await stage.giveUp(conflicting.workflowId);
    await keepFailed(
      conflicting,
      'cancel-conflict',
      'the second saga finds a reservation with other content: parked, and given up',
    );

    const edited = stage.order(customer);
    await (await stage.start([edited])).result();
    const held = await hold(stage.system.databases.adminCustomerUrl, 'SELECT FROM customers FOR UPDATE');
    const late = await stage.startCancelling(edited);
    await stage.stateIs(edited.orderId, 'CANCELLING');
    await stage.onOrders('DELETE FROM orders WHERE id = $1', [edited.orderId]);
    await held.release();
    await keepFailed(
      late,
      'cancel-deleted',
      'its order is deleted by hand while the second saga runs: failed',
    );

    const gone = await stage.startCancelling(edited);
    await keepFailed(gone, 'cancel-missing', 'the second saga finds no order: failed');
  });
});
