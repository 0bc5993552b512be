/**
 * The distributed placement is upgraded under load, process after process, to workflow code in which each saga has one
 * step more: no order is lost, no saga fails or stops making progress, and every 503 has Retry-After.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { connectTemporal } from '../../platform/temporal';
import { createTestDatabases, rowsOf } from '../support/databases';
import { call, eventually, newCustomer } from '../support/http';
import { violations } from '../support/invariants';
import { holdCustomer } from '../support/outages';
import { testServers } from '../support/servers';
import { type ServiceProcess, startServiceProcess } from '../support/service-process';
import { freePort } from '../../tools/local/free-port';
import { buildOf } from '../support/workflow-versions';

const CALLERS = 6;

/** Orders that wait for credit while their saga's process is replaced under them. */
const WAITING = 3;

/** Cleanup of what the test started, last first, also after a failure. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test('a rolling upgrade under load: every order is decided', async () => {
  const databases = await createTestDatabases();
  ends.push(() => databases.drop());
  const after = await buildOf('one-step-more');
  ends.push(() => {
    after.remove();
  });
  const [c1, c2, o1, o2] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const customerService = { SERVICES: 'customer', CUSTOMER_DATABASE_URL: databases.customerUrl };
  const orderService = {
    SERVICES: 'order',
    ORDER_DATABASE_URL: databases.orderUrl,
    CUSTOMER_SERVICE_URL: `http://127.0.0.1:${String(c1)}`,
    // Longer than all four take to be replaced.
    CREDIT_CHECK_TIMEOUT_MS: '120000',
  };
  const all = [
    { port: c1, env: customerService },
    { port: c2, env: customerService },
    { port: o1, env: orderService },
    { port: o2, env: orderService },
  ];
  const running = new Map<number, ServiceProcess>();
  ends.push(() => Promise.all([...running.values()].map((each) => each.stop())));
  for (const { port, env } of all) running.set(port, await startServiceProcess(port, env));
  const urls = [o1, o2].map((port) => `http://127.0.0.1:${String(port)}`);
  const versions = () =>
    Promise.all(urls.map(async (url) => (await call(`${url}/readyz`, 'GET')).body['workflows']));
  const [old] = await versions();
  let oldOutput = '';

  const customer = await newCustomer(String(urls[0]), '100000.00');
  const slow = await newCustomer(String(urls[1]), '100.00');
  const placed = new Set<string>();
  const unexpected: string[] = [];
  let refused = 0;

  /** Places one order, at any process, until it is acknowledged. */
  const place = async (customerId: string, first: number): Promise<void> => {
    const key = { 'Idempotency-Key': randomUUID() };
    const order = { customerId, orderTotal: { amount: '0.01', currency: 'USD' } };
    for (let attempt = first; ; attempt++) {
      const url = String(urls[attempt % urls.length]);
      const answer = await call(`${url}/orders`, 'POST', order, key).catch(() => undefined);
      if (answer?.status === 202 || answer?.status === 201 || answer?.status === 200) {
        placed.add(String(answer.body['orderId']));
        return;
      }
      refused += 1;
      // The process does not listen, or answers with Retry-After.
      if (answer && !(answer.status === 503 && answer.headers.has('Retry-After'))) {
        unexpected.push(`${String(answer.status)} ${JSON.stringify(answer.body)}`);
        return;
      }
    }
  };

  const lock = await holdCustomer(databases.adminCustomerUrl, slow);
  await Promise.all(Array.from({ length: WAITING }, (_, index) => place(slow, index)));
  const over = new AbortController();
  const callers = Array.from({ length: CALLERS }, async (_, index) => {
    for (let count = index; !over.signal.aborted; count++) await place(customer, count);
  });
  for (const { port, env } of all) {
    const acknowledged = placed.size;
    const process = running.get(port);
    expect(await process?.stop()).toBe(0);
    oldOutput += String(process?.output());
    running.set(port, await startServiceProcess(port, env, after.folder));
    // The load continued meanwhile, and continues now.
    await eventually(() => Promise.resolve(placed.size > acknowledged + CALLERS ? true : undefined));
  }
  await lock.release();
  over.abort();
  await Promise.all(callers);

  const now = await versions();
  expect(now[0]).toEqual(now[1]);
  expect(now[0]).not.toEqual(old);
  expect(unexpected).toEqual([]);
  const pending = () =>
    rowsOf(databases.adminOrderUrl, "SELECT id FROM orders WHERE state NOT IN ('APPROVED', 'CANCELLED')");
  await eventually(async () => ((await pending()).length === 0 ? true : undefined), 30_000);
  const orders = await rowsOf(databases.adminOrderUrl, 'SELECT id, state FROM orders');
  const approved = orders.filter(({ state }) => state === 'APPROVED').map(({ id }) => String(id));
  expect([...placed].filter((id) => !approved.includes(id))).toEqual([]);
  expect(await violations(databases)).toEqual([]);

  const { client, connection } = await connectTemporal(testServers().temporal);
  ends.push(() => connection.close());
  const count = async (status: string) =>
    (await client.workflow.count(`ExecutionStatus = '${status}'`)).count;
  await eventually(async () => ((await count('Running')) === 0 ? true : undefined));
  expect(await count('Failed')).toBe(0);
  // The load included sagas with and without the change.
  const stepped = "TemporalChangeVersion = 'one-step-more'";
  const { count: more } = await client.workflow.count(stepped);
  const { count: sagas } = await client.workflow.count('');
  expect(more).toBeGreaterThan(0);
  expect(sagas - more).toBeGreaterThan(0);
  const outputs = [...running.values()].map((each) => each.output()).join('');
  expect(outputs).not.toContain('TMPRL1100');
  expect(outputs).toContain(`"workflows":${JSON.stringify(now[0])}`);
  const given = oldOutput.split('TMPRL1100').length - 1;
  console.log(
    `${String(placed.size)} orders in ${String(sagas)} sagas, ${String(more)} with one step more; ` +
      `${String(refused)} requests had to be sent again; old workers gave ${String(given)} tasks to new ones`,
  );
}, 120_000);
