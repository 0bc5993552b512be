/**
 * The distributed placement is upgraded under load, process after process, from workflow code before a change to the
 * code after it: no order is lost, no saga fails or stands still, and who is refused is told to come back.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { connectTemporal } from '../../platform/temporal';
import { createTestDatabases, rowsOf } from '../support/databases';
import { call, eventually, newCustomer } from '../support/http';
import { violations } from '../support/invariants';
import { holdCustomer } from '../support/outages';
import { testServers } from '../support/servers';
import { type ServiceProcess, startServiceProcess } from '../support/service-process';
import { freePort, ROOT } from '../support/start';
import { bundleOf } from '../support/versions';

const CALLERS = 6;

/** Orders that wait for credit while their saga's process is replaced under them. */
const WAITING = 3;

/** Of what the test started, the last first, whether it passed or not. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The whole build, with the workflow code from before. */
async function buildBefore(): Promise<string> {
  const bundle = await bundleOf('before');
  ends.push(() => {
    bundle.remove();
  });
  const folder = mkdtempSync(path.join(ROOT, 'dist', 'version-'));
  ends.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const build = path.join(folder, 'dist');
  const dist = path.join(ROOT, 'dist');
  for (const name of readdirSync(dist)) {
    // Others' copies lie beside it.
    if (!/^(version|copy)-|^mutants$/.test(name)) {
      cpSync(path.join(dist, name), path.join(build, name), { recursive: true });
    }
  }
  cpSync(bundle.bundlePath, path.join(build, 'workflow-bundle.js'));
  return build;
}

test('process after process, under load', async () => {
  const databases = await createTestDatabases();
  ends.push(() => databases.drop());
  const before = await buildBefore();
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
  for (const { port, env } of all) running.set(port, await startServiceProcess(port, env, before));
  const urls = [o1, o2].map((port) => `http://127.0.0.1:${String(port)}`);
  const versions = () =>
    Promise.all(urls.map(async (url) => (await call(`${url}/readyz`, 'GET')).body['workflows']));
  const [old] = await versions();

  const customer = await newCustomer(String(urls[0]), '100000.00');
  const slow = await newCustomer(String(urls[1]), '100.00');
  const placed = new Set<string>();
  const strange: string[] = [];
  let refused = 0;

  /** One order, asked for until it is acknowledged, at whoever answers. */
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
      // It does not listen, or says when to come back.
      if (answer && !(answer.status === 503 && answer.headers.has('Retry-After'))) {
        strange.push(`${String(answer.status)} ${JSON.stringify(answer.body)}`);
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
    expect(await running.get(port)?.stop()).toBe(0);
    running.set(port, await startServiceProcess(port, env));
    // Load went on meanwhile, and goes on now.
    await eventually(() => Promise.resolve(placed.size > acknowledged + CALLERS ? true : undefined));
  }
  await lock.release();
  over.abort();
  await Promise.all(callers);

  const now = await versions();
  expect(now[0]).toEqual(now[1]);
  expect(now[0]).not.toEqual(old);
  expect(strange).toEqual([]);
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
  const outputs = [...running.values()].map((each) => each.output()).join('');
  expect(outputs).not.toContain('TMPRL1100');
  expect(outputs).toContain(`"workflows":${JSON.stringify(now[0])}`);
  console.log(`${String(placed.size)} orders placed; ${String(refused)} requests had to be sent again`);
}, 120_000);
