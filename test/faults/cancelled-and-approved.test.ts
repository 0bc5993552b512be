/** An order is cancelled while a worker that seemed dead is still approving it. Found by `npm run faults`. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { cancelSagaWorkflowId } from '../../domain/names';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder } from '../support/http';
import { becomesClean } from '../support/invariants';
import { hold, holdCustomer } from '../support/outages';
import { type ServiceProcess, startServiceProcess } from '../support/service-process';
import { freePort } from '../../tools/local/free-port';
import { startSystem, type TestSystem } from '../support/system';

let system: TestSystem;
let first: ServiceProcess;

beforeEach(async () => {
  system = await startSystem();
  first = await startServiceProcess(await freePort(), {
    SERVICES: 'order,customer',
    ORDER_DATABASE_URL: system.databases.orderUrl,
    CUSTOMER_DATABASE_URL: system.databases.customerUrl,
  });
});
afterEach(async () => {
  await first.stop('SIGKILL');
  await system.stop();
});

test('approved by its first worker after that was killed: the cancellation takes effect after the approval', async () => {
  const { adminOrderUrl, adminCustomerUrl } = system.databases;
  const customer = await newCustomer(system.url, '10.00');
  const credit = await holdCustomer(adminCustomerUrl, customer);
  const { body } = await placeOrder(first.url, customer, '4.00');
  const orderId = String(body['orderId']);
  const orders = await hold(adminOrderUrl, 'LOCK TABLE orders IN SHARE MODE');
  await credit.release();
  // The approval has reached Postgres, which finishes it without the client.
  await eventually(async () => {
    const [waiting] = await rowsOf(
      adminOrderUrl,
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return waiting;
  });
  await first.stop('SIGKILL');
  const accepted = call(`${system.url}/orders/${orderId}/cancel`, 'POST');
  await eventually(async () => {
    const sagas = system.client.workflow.list({ query: `WorkflowId = '${cancelSagaWorkflowId(orderId)}'` });
    for await (const saga of sagas) return saga;
    return undefined;
  });
  await orders.release();
  expect((await accepted).status).toBe(202);
  const order = await eventually(async () => {
    const found = (await call(`${system.url}/orders/${orderId}`, 'GET')).body;
    return found['state'] === 'CANCELLED' ? found : undefined;
  });
  expect(order['cancellationReason']).toBe('CUSTOMER_REQUEST');
  await system.client.workflow.getHandle(cancelSagaWorkflowId(orderId)).result();
  await becomesClean(system.databases);
  const events = await rowsOf(
    adminOrderUrl,
    'SELECT type FROM outbox WHERE aggregate_id = $1 ORDER BY sequence',
    [orderId],
  );
  expect(events.map(({ type }) => type)).toEqual([
    'OrderCreated',
    'OrderApproved',
    'OrderCancellationRequested',
    'OrderCancelled',
  ]);
});
