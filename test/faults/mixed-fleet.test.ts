/**
 * Old and new workers side by side, without Worker Versioning: a saga that has met a change made with `patched` comes to
 * a worker without it. That one fails the task, and does its own sagas; the server dispatches the task again, at growing
 * intervals, until a new worker gets it.
 */
import { afterEach, expect, test } from '@jest/globals';
import { sagaWorkflowId } from '../../domain/names';
import { connectTemporal } from '../../platform/temporal';
import { RETRY_STEP } from '../../saga/contract';
import { createTestDatabases, rowsOf } from '../support/databases';
import { eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { violations } from '../support/invariants';
import { holdCustomer } from '../support/outages';
import { testServers } from '../support/servers';
import { startServiceProcess } from '../support/service-process';
import { freePort } from '../../tools/local/free-port';
import { buildOf } from '../support/workflow-versions';

const SAGAS = 3;

/** The task of a killed worker is given out again after two seconds; one that failed, after one, two, four… seconds. */
const TAKEOVER_TIMEOUT_MS = 40_000;

/** Cleanup of what the test started, last first, also after a failure. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test('the old worker fails the task of a saga with the change; a new worker ends the saga; none is lost', async () => {
  const databases = await createTestDatabases();
  ends.push(() => databases.drop());
  const after = await buildOf('one-step-more');
  ends.push(() => {
    after.remove();
  });
  const start = async (env: Readonly<Record<string, string>>, build?: string) => {
    const started = await startServiceProcess(await freePort(), env, build);
    ends.push(() => started.stop('SIGKILL'));
    return started;
  };
  const customers = await start({ SERVICES: 'customer', CUSTOMER_DATABASE_URL: databases.customerUrl });
  const orderService = {
    SERVICES: 'order',
    ORDER_DATABASE_URL: databases.orderUrl,
    CUSTOMER_SERVICE_URL: customers.url,
    CREDIT_CHECK_TIMEOUT_MS: '120000',
  };
  const oldOne = await start(orderService);
  const newOne = await start(orderService, after.folder);
  const { client, connection } = await connectTemporal(testServers().temporal);
  ends.push(() => connection.close());

  const customer = await newCustomer(newOne.url, '100.00');
  const lock = await holdCustomer(databases.adminCustomerUrl, customer);
  const orderIds: string[] = [];
  for (let count = 0; count < SAGAS; count++) {
    orderIds.push(String((await placeOrder(newOne.url, customer, '1.00')).body['orderId']));
  }
  const sagas = orderIds.map((orderId) => client.workflow.getHandle(sagaWorkflowId([orderId])));
  const met = "TemporalChangeVersion = 'one-step-more'";
  await eventually(async () => ((await client.workflow.count(met)).count === SAGAS ? true : undefined));

  await newOne.stop('SIGKILL');
  // The server retries the step without the saga. An operator that has it retried gives each saga a task.
  for (const saga of sagas) await saga.signal(RETRY_STEP, { by: 'test' });
  const refusals = () => oldOne.output().split('TMPRL1100').length - 1;
  await eventually(() => Promise.resolve(refusals() >= SAGAS ? true : undefined), TAKEOVER_TIMEOUT_MS);
  for (const saga of sagas) expect((await saga.describe()).status.name).toBe('RUNNING');
  const other = await newCustomer(oldOne.url, '1.00');
  expect((await placeOrder(oldOne.url, other, '1.00', WAIT)).body['state']).toBe('APPROVED');

  // The upgrade goes on: until the old worker is gone as well, it is chance which of them gets the task.
  const again = await start(orderService, after.folder);
  await lock.release();
  expect(await oldOne.stop()).toBe(0);
  const began = Date.now();
  await Promise.all(sagas.map((saga) => saga.result()));
  console.log(
    `${String(refusals())} tasks failed by the old worker; the sagas ended ${String(Date.now() - began)} ms ` +
      'after it was gone',
  );
  expect(again.output()).not.toContain('TMPRL1100');
  for (const saga of sagas) {
    const { events } = await saga.fetchHistory();
    expect(events?.some((event) => event.workflowTaskFailedEventAttributes)).toBe(true);
  }
  const orders = await rowsOf(databases.adminOrderUrl, 'SELECT state FROM orders');
  expect(orders.map(({ state }) => state)).toEqual(Array.from({ length: SAGAS + 1 }, () => 'APPROVED'));
  expect(await violations(databases)).toEqual([]);
}, 150_000);
