/** Records sagas whose databases, rows, services and workers are away for a while. */
import { describe, test } from '@jest/globals';
import type { Placement } from '../../../domain/contracts';
import { NEEDS_ATTENTION_ATTRIBUTE, REQUEST_CANCELLATION, sagaWorkflowId } from '../../../domain/names';
import { call, eventually, placeOrder } from '../../support/http';
import { giveDatabaseBack, hold, holdCustomer, takeDatabaseAway } from '../../support/outages';
import { Stage } from './stage';

describe.each<Placement>(['colocated', 'distributed'])('%s', (placement) => {
  const stage = new Stage(placement);

  test('credit timeout, and the same saga run again', async () => {
    const order = stage.order();
    const { adminCustomerUrl } = stage.system.databases;
    await takeDatabaseAway(adminCustomerUrl);
    const saga = await stage.start([order]);
    await stage.stateIs(order.orderId, 'CANCELLED');
    await giveDatabaseBack(adminCustomerUrl);
    await saga.result();
    await stage.keep(
      saga.workflowId,
      'credit-timeout',
      'no answer in time: cancelled, and compensated when the database is back',
    );
    const again = await stage.start([order]);
    await again.result();
    await stage.keep(
      again.workflowId,
      'run-again-released',
      'run again after it was given up: the tombstone answers',
    );
  });

  test('a busy row', async () => {
    const customer = await stage.newCustomer();
    const order = stage.order(customer);
    const lock = await holdCustomer(stage.system.databases.adminCustomerUrl, customer);
    const saga = await stage.start([order]);
    await stage.historyHas(saga, 'timerStartedEventAttributes');
    await lock.release();
    await saga.result();
    await stage.keep(saga.workflowId, 'busy', "waits for its customer's row, and is approved");
  });

  test('retries', async () => {
    const order = stage.order();
    await takeDatabaseAway(stage.system.databases.adminCustomerUrl);
    const saga = await stage.start([order]);
    await stage.stateIs(order.orderId, 'PENDING');
    if (placement === 'colocated') await stage.historyHas(saga, 'timerStartedEventAttributes');
    await giveDatabaseBack(stage.system.databases.adminCustomerUrl);
    await saga.result();
    await stage.keep(saga.workflowId, 'retries', "approved after the customer service's database was away");
  });

  test('needs attention', async () => {
    const order = stage.order();
    await takeDatabaseAway(stage.system.databases.adminCustomerUrl);
    const saga = await stage.start([order], { creditCheckTimeoutMs: 1_000, attentionAfterMs: 300 });
    await eventually(async () => {
      const { typedSearchAttributes } = await saga.describe();
      return typedSearchAttributes.getAll().some(({ key }) => key.name === NEEDS_ATTENTION_ATTRIBUTE)
        ? true
        : undefined;
    });
    await giveDatabaseBack(stage.system.databases.adminCustomerUrl);
    await saga.result();
    await stage.keep(
      saga.workflowId,
      'needs-attention',
      'its compensation fails for so long that it is told of; then it succeeds',
    );
  });

  test('a worker killed in the middle of a step', async () => {
    const lock = await stage.holdOrders();
    let placing: Promise<unknown> = Promise.resolve();
    const customer = await stage.killWhileItWaits((url, customerId) => {
      placing = placeOrder(url, customerId, '1.00').catch(() => undefined);
      return Promise.resolve();
    });
    await placing;
    await lock.release();
    const sagaId = await eventually(async () => {
      const { body } = await call(`${stage.system.url}/customers/${customer}/orders?limit=1`, 'GET');
      const [order] = body['items'] as { orderId: string; state: string }[];
      return order?.state === 'APPROVED' ? sagaWorkflowId([order.orderId]) : undefined;
    }, 40_000);
    await stage.ended(sagaId);
    await stage.keep(sagaId, 'worker-killed', 'its worker is killed in a step, and another goes on');
  });

  test.each([
    ['cancelled-and-approved', false],
    ['cancelled-and-approved-twice', true],
  ])('%s: its worker is killed while it approves', async (name, twice) => {
    const { orderId, lock } = await stage.killWhileItApproves(
      twice ? (order) => stage.startCancelling(order) : undefined,
    );
    const sagaId = sagaWorkflowId([orderId]);
    const accepted = stage.update(sagaId, REQUEST_CANCELLATION, { orderId });
    // The second saga stays CANCELLING until the first has seen it.
    const credit = twice
      ? await hold(stage.system.databases.adminCustomerUrl, 'SELECT FROM customers FOR UPDATE')
      : undefined;
    await lock.release();
    await accepted;
    if (twice) await stage.ended(sagaId);
    await credit?.release();
    await stage.stateIs(orderId, 'CANCELLED');
    await stage.ended(sagaId);
    await stage.keep(
      sagaId,
      name,
      twice
        ? 'its cancellation is accepted, a dead worker approves it, and the second saga is there already'
        : 'its cancellation is accepted, a dead worker approves it, and the second saga is started',
    );
  });

  if (placement === 'colocated') return;

  test('begun in the other placement', async () => {
    const order = stage.order();
    const saga = await stage.start([order], { placement: 'colocated' });
    await saga.result();
    await stage.keep(
      saga.workflowId,
      'begun-colocated',
      'begun colocated, carried on by an order service without a customer database',
    );
  });

  test('the customer service away', async () => {
    const order = stage.order();
    await stage.system.stopCustomerService();
    const saga = await stage.start([order]);
    await stage.stateIs(order.orderId, 'CANCELLED');
    await stage.system.startCustomerService();
    await saga.result();
    await stage.keep(
      saga.workflowId,
      'customer-service-away',
      'nobody takes the step in time: cancelled, and compensated when the service is back',
    );
  });
});
