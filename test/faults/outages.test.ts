/** What clients get while a database or Temporal is unavailable, and that nothing is lost. */
import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type RunningService, startService } from '../../api/service';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { type CuttableProxy, proxyTo } from '../support/cuttable-proxy';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { type Answer, call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { testServers } from '../support/servers';
import { commonSettings, orderSettings } from '../support/system';

let databases: TestDatabases;
let proxies: Record<'order' | 'customer' | 'history' | 'temporal', CuttableProxy>;
let service: RunningService;
let url: string;
let customer: string;
const logged: string[] = [];

beforeAll(async () => {
  databases = await createTestDatabases({ history: true });
  const { temporal } = testServers();
  const [order, customerProxy, history, temporalProxy] = await Promise.all([
    proxyTo(databases.orderUrl),
    proxyTo(databases.customerUrl),
    proxyTo(databases.historyUrl),
    proxyTo(temporal.address),
  ]);
  proxies = { order, customer: customerProxy, history, temporal: temporalProxy };
  const destination = new PassThrough();
  destination.on('data', (chunk: Buffer) => logged.push(chunk.toString('utf8')));
  const logger = createLogger('debug', destination);
  installTemporalRuntime(logger);
  service = await startService(
    {
      ...commonSettings(),
      temporal: { ...temporal, address: temporalProxy.address },
      order: orderSettings(order.through(databases.orderUrl)),
      customer: { databaseUrl: customerProxy.through(databases.customerUrl) },
      history: { databaseUrl: history.through(databases.historyUrl) },
    },
    logger,
  );
  url = service.url;
  customer = await newCustomer(url, '1000.00');
});
afterAll(async () => {
  await Promise.all(Object.values(proxies).map((proxy) => proxy.restore()));
  await service.stop();
  await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
  await databases.drop();
});
beforeEach(async () => {
  await ready(200);
});

/** Until the process names this check: another one may fail before it, because probes share its success for a while. */
async function unready(check: string): Promise<Readonly<Record<string, unknown>>> {
  return eventually(async () => {
    const { status, body } = await call(`${url}/readyz`, 'GET');
    const checks = body['checks'] as Readonly<Record<string, unknown>>;
    return status === 503 && checks[check] === 'unavailable' ? checks : undefined;
  });
}

async function ready(status: number): Promise<Answer> {
  return eventually(async () => {
    const answer = await call(`${url}/readyz`, 'GET');
    return answer.status === status ? answer : undefined;
  });
}

function expectUnavailable(answer: Answer, name: string): void {
  expect(answer.body).toMatchObject({ type: `/problems/${name}`, status: 503 });
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
  expect(JSON.stringify(answer.body)).not.toMatch(/127\.0\.0\.1|ECONN|prisma|grpc|SELECT|stack/i);
}

const ordersWithin = async (amount: string) =>
  rowsOf(databases.adminOrderUrl, 'SELECT id, state FROM orders WHERE total_minor = $1', [amount]);

test('the order database is unavailable: 503 with advice; a retry with the same key places one order', async () => {
  const { body: earlier } = await placeOrder(url, customer, '1.00', WAIT);
  const key = { 'Idempotency-Key': randomUUID() };
  await proxies.order.cut();
  expect(await unready('orderDatabase')).toMatchObject({ customerDatabase: 'ok' });
  expectUnavailable(await call(`${url}/orders/${String(earlier['orderId'])}`, 'GET'), 'database-unavailable');
  expectUnavailable(await call(`${url}/orders`, 'GET'), 'database-unavailable');
  expectUnavailable(await placeOrder(url, customer, '1.01', key), 'database-unavailable');
  const withoutKey = await placeOrder(url, customer, '1.02');
  expectUnavailable(withoutKey, 'database-unavailable');
  const [path] = /\/orders\/[0-9a-f-]{36}/.exec(String(withoutKey.body['detail'])) ?? [];
  await proxies.order.restore();
  await ready(200);
  const placed = await placeOrder(url, customer, '1.01', { ...key, ...WAIT });
  expect(placed).toMatchObject({ status: 201, body: { state: 'APPROVED' } });
  // The order without a key is at the URL of the answer, and is decided.
  const found = await eventually(async () => {
    const { status, body } = await call(`${url}${String(path)}`, 'GET');
    return status === 200 && body['state'] !== 'PENDING' ? body : undefined;
  });
  expect(found).toMatchObject({ state: 'APPROVED', orderTotal: { amount: '1.02' } });
  expect(await ordersWithin('101')).toHaveLength(1);
});

test('the customer database is unavailable: 503 for customers; orders are accepted, and decided when it has recovered', async () => {
  await proxies.customer.cut();
  await ready(503);
  expectUnavailable(await call(`${url}/customers/${customer}`, 'GET'), 'database-unavailable');
  const body = { name: 'Eve Unlogged', creditLimit: { amount: '1.00', currency: 'USD' } };
  expectUnavailable(await call(`${url}/customers`, 'POST', body), 'database-unavailable');
  const taken = await placeOrder(url, customer, '2.00', { Prefer: 'wait=1' });
  expect(taken).toMatchObject({ status: 202, body: { state: 'PENDING' } });
  await proxies.customer.restore();
  const decided = await eventually(async () => {
    const { body: order } = await call(`${url}${String(taken.headers.get('Location'))}`, 'GET');
    return order['state'] === 'PENDING' ? undefined : order;
  });
  expect(decided).toMatchObject({ state: 'APPROVED' });
});

test('Temporal is unavailable: 503 in bounded time; reads are answered; a retry with the same key places one order', async () => {
  const key = { 'Idempotency-Key': randomUUID() };
  await proxies.temporal.cut();
  const startedAt = Date.now();
  const refused = await Promise.all([
    placeOrder(url, customer, '3.00', key),
    placeOrder(url, customer, '3.01'),
  ]);
  expect(Date.now() - startedAt).toBeLessThan(15_000);
  for (const answer of refused) expectUnavailable(answer, 'temporal-unavailable');
  expect((await call(`${url}/orders?limit=1`, 'GET')).status).toBe(200);
  expect((await call(`${url}/livez`, 'GET')).status).toBe(200);
  await unready('temporal');
  await proxies.temporal.restore();
  await ready(200);
  const placed = await placeOrder(url, customer, '3.00', { ...key, ...WAIT });
  expect(placed).toMatchObject({ status: 201, body: { state: 'APPROVED' } });
  expect(await ordersWithin('300')).toHaveLength(1);
});

/** The longest timeout of an answer, and tolerance for a busy machine. */
const ANSWERED_WITHIN_MS = 20_000;

test.each([
  ['order', 'orderDatabase', 'database-unavailable'],
  ['customer', 'customerDatabase', 'database-unavailable'],
  ['history', 'historyDatabase', 'database-unavailable'],
  ['temporal', 'temporal', 'temporal-unavailable'],
] as const)(
  'a stalled connection to %s: 503 within the time limit, /readyz names it, and nothing is lost',
  async (line, check, problem) => {
    const key = { 'Idempotency-Key': randomUUID() };
    proxies[line].stall();
    const began = Date.now();
    const [answer] = await Promise.all([
      line === 'customer' || line === 'history'
        ? call(`${url}/customers/${customer}${line === 'history' ? '/order-history' : ''}`, 'GET')
        : placeOrder(url, customer, '5.00', key),
      unready(check),
    ]);
    expect(Date.now() - began).toBeLessThan(ANSWERED_WITHIN_MS);
    expectUnavailable(answer, problem);
    await proxies[line].restore();
    await ready(200);
    expect(await placeOrder(url, customer, '5.00', { ...key, ...WAIT })).toMatchObject({
      status: 201,
      body: { state: 'APPROVED' },
    });
  },
);

test('a database without disk space: 503 with advice, not an internal error', async () => {
  await rowsOf(
    databases.adminCustomerUrl,
    `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`,
  );
  await rowsOf(
    databases.adminCustomerUrl,
    'CREATE TRIGGER no_room BEFORE INSERT ON customers EXECUTE FUNCTION no_room()',
  );
  const body = { name: 'Ada', creditLimit: { amount: '1.00', currency: 'USD' } };
  expectUnavailable(await call(`${url}/customers`, 'POST', body), 'database-unavailable');
  await rowsOf(databases.adminCustomerUrl, 'DROP FUNCTION no_room CASCADE');
  expect((await call(`${url}/customers`, 'POST', body)).status).toBe(201);
});

test('the log has request, order and workflow ids, and no personal data', async () => {
  const name = 'Confidential Person';
  const key = `secret-key-${randomUUID()}`;
  const headers = { 'Idempotency-Key': key, 'X-Request-Id': 'log-test' };
  await call(`${url}/customers`, 'POST', { name, creditLimit: { amount: '1.00', currency: 'USD' } }, headers);
  const { body } = await placeOrder(url, customer, '4.00', { ...headers, ...WAIT });
  await call(`${url}/customers`, 'POST', { name, oops: 1 }, headers);
  const lines = logged.join('').split('\n');
  const placed = lines.find(
    (line) => line.includes('order placed') && line.includes(String(body['orderId'])),
  );
  expect(JSON.parse(placed ?? '{}')).toMatchObject({
    req: { id: 'log-test', method: 'POST', path: '/orders' },
    orderId: body['orderId'],
    workflowId: `order-${String(body['orderId'])}`,
  });
  const failure = lines.find((line) => line.includes('"problem":"temporal-unavailable"'));
  expect(JSON.parse(failure ?? '{}')).toMatchObject({
    orderId: expect.any(String),
    req: { path: '/orders' },
  });
  for (const secret of [name, key, 'Eve Unlogged', 'secret-key'])
    expect(logged.join('')).not.toContain(secret);
});
