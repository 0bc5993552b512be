/** An order history that missed events which were pruned: it says so, and a repair completes it from the services' rows. */
import { afterEach, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type RunningService, startService } from '../../api/service';
import { createLogger } from '../../platform/logger';
import { createTestDatabases, rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { operatorCommand } from '../support/operator-command';
import { eventuallyInHistory, including, readOrderHistory } from '../support/order-history';
import { startSystem, type TestSystem } from '../support/system';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function open(): Promise<TestSystem> {
  const system = await startSystem({ databases: await createTestDatabases({ history: true }) });
  ends.push(() => system.stop());
  return system;
}

const env = ({ databases, settings }: TestSystem) => ({
  ORDER_DATABASE_URL: databases.orderUrl,
  CUSTOMER_DATABASE_URL: databases.customerUrl,
  ORDER_HISTORY_DATABASE_URL: databases.historyUrl,
  TEMPORAL_ADDRESS: settings.temporal?.address ?? '',
  TEMPORAL_NAMESPACE: settings.temporal?.namespace ?? '',
});

/** A history service of its own, which begins to follow now. */
async function startHistory({
  databases,
  settings,
  url,
}: TestSystem): Promise<Omit<RunningService, 'workflows' | 'failed' | 'ready'>> {
  const { order: _order, customer: _customer, ...common } = settings;
  const history = { databaseUrl: databases.historyUrl, feedUrl: url };
  const service = await startService(
    { ...common, port: 0, temporal: undefined, history },
    createLogger('silent'),
  );
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= service.stop());
  ends.push(stop);
  return { url: service.url, stop };
}

/** Waits until all events are published, and prunes them. */
async function pruneAll({ databases }: TestSystem): Promise<void> {
  for (const url of [databases.adminOrderUrl, databases.adminCustomerUrl]) {
    await eventually(async () => {
      const open = await rowsOf(url, 'SELECT FROM outbox WHERE position IS NULL');
      return open.length === 0 ? true : undefined;
    });
    await rowsOf(url, "SELECT prune_outbox('0 seconds', 1000)");
    expect(await rowsOf(url, 'SELECT FROM outbox')).toEqual([]);
  }
}

async function approved({ url }: TestSystem, customer: string): Promise<string> {
  const { body } = await placeOrder(url, customer, '1.00', WAIT);
  expect(body['state']).toBe('APPROVED');
  return String(body['orderId']);
}

const SEQUENCE = expect.stringMatching(/^\d{18}[1-9]$/);
const MISSED = { '/order-service': SEQUENCE, '/customer-service': SEQUENCE };

test('a history that begins after events were pruned: 503 for whom it cannot know, and repair completes it', async () => {
  const system = await open();
  const before = await newCustomer(system.url, '10.00');
  const orders = [await approved(system, before), await approved(system, before)];
  await pruneAll(system);
  const { url: historyUrl } = await startHistory(system);

  const after = await newCustomer(system.url, '5.00');
  const tag = `"${after}.1"`;
  const known = await eventually(async () => {
    const answer = await call(
      `${historyUrl}/customers/${after}/order-history${including(tag)}`,
      'GET',
      undefined,
      WAIT,
    );
    return answer.status === 200 ? answer.body : undefined;
  });
  expect(known['asOf']).toMatchObject({ complete: false, time: null, lagMs: null, startsAfter: MISSED });
  for (const customer of [before, randomUUID()]) {
    const { status, headers, body } = await call(`${historyUrl}/customers/${customer}/order-history`, 'GET');
    expect([status, headers.get('Retry-After')]).toEqual([503, '60']);
    expect(body).toMatchObject({ type: '/problems/order-history-incomplete', startsAfter: MISSED });
  }
  const metrics = await (await fetch(`${historyUrl}/metrics`)).text();
  expect(metrics).toMatch(/^order_saga_order_history_incomplete 1$/m);

  expect(await operatorCommand('audit', ['--grace', '0.5'], env(system))).toMatchObject({ code: 1 });
  expect(await operatorCommand('repair', ['--grace', '0.5'], env(system))).toMatchObject({
    stdout: expect.stringContaining("would be rebuilt from the services' rows"),
  });
  const { code, stdout } = await operatorCommand('repair', ['--apply', '--grace', '0.5'], env(system));
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/rebuilt from the services' rows\n1 started again/),
  ]);
  expect(await operatorCommand('audit', ['--grace', '2'], env(system))).toMatchObject({ code: 0 });

  const completed = await eventuallyInHistory(historyUrl, before, (answer) =>
    answer.asOf.time === null ? undefined : answer,
  );
  expect(completed.asOf).toMatchObject({ complete: true, startsAfter: MISSED });
  expect(completed.customer).toMatchObject({ reserved: { amount: '2.00' }, available: { amount: '8.00' } });
  expect(completed.orders.items.map(({ orderId, state }) => [orderId, state]).sort()).toEqual(
    orders.map((orderId) => [orderId, 'APPROVED']).sort(),
  );
  const unknown = await call(`${historyUrl}/customers/${randomUUID()}/order-history`, 'GET');
  expect(unknown.status).toBe(404);
  // Waiting for what a snapshot brought ends at once, and later events count on top of it.
  await readOrderHistory(historyUrl, before, including(`"${String(orders[0])}.2"`), WAIT);
  await call(`${system.url}/orders/${String(orders[0])}/cancel`, 'POST', undefined, WAIT);
  await eventuallyInHistory(historyUrl, before, ({ customer }) =>
    customer.reserved.amount === '1.00' ? true : undefined,
  );
  expect(await operatorCommand('audit', ['--grace', '2'], env(system))).toMatchObject({ code: 0 });
}, 180_000);

test('a history whose checkpoint is older than the feed keeps its rows and says so, until rebuild-view completes it', async () => {
  const system = await open();
  const first = await startHistory(system);
  const customer = await newCustomer(system.url, '10.00');
  const orderId = await approved(system, customer);
  await eventually(async () => {
    const { status, body } = await call(`${first.url}/customers/${customer}/order-history`, 'GET');
    const shown = JSON.stringify(body);
    return status === 200 && shown.includes(`"reserved":{"amount":"1.00"`) && shown.includes('"APPROVED"')
      ? true
      : undefined;
  });
  await first.stop();

  await call(`${system.url}/orders/${orderId}/cancel`, 'POST', undefined, WAIT);
  const missed = await approved(system, customer);
  await pruneAll(system);
  const { url: historyUrl } = await startHistory(system);
  const later = await approved(system, customer);
  const shown = await eventuallyInHistory(historyUrl, customer, (answer) =>
    answer.asOf.complete ? undefined : answer,
  );
  expect(shown.asOf).toMatchObject({ time: null, startsAfter: MISSED });
  // Later events change rows that it lacks: it keeps the old ones, which agree with each other.
  await eventually(async () => {
    const received = await rowsOf(
      system.databases.adminHistoryUrl,
      'SELECT FROM received_events WHERE subject = $1',
      [later],
    );
    return received.length === 3 ? true : undefined;
  });
  const held = await readOrderHistory(historyUrl, customer);
  expect(held.orders.items.map(({ orderId: id, state }) => [id, state])).toEqual([[orderId, 'APPROVED']]);
  expect(held.customer.reserved.amount).toBe('1.00');

  const { code, stdout } = await operatorCommand('rebuild-view', [], env(system));
  expect([code, stdout]).toEqual([0, expect.stringContaining("it starts from the services' rows")]);
  const completed = await eventuallyInHistory(historyUrl, customer, (answer) =>
    answer.asOf.time === null ? undefined : answer,
  );
  expect(completed.customer.reserved.amount).toBe('2.00');
  expect(new Map(completed.orders.items.map(({ orderId: id, state }) => [id, state]))).toEqual(
    new Map([
      [orderId, 'CANCELLED'],
      [missed, 'APPROVED'],
      [later, 'APPROVED'],
    ]),
  );
  expect(await operatorCommand('audit', ['--grace', '2'], env(system))).toMatchObject({ code: 0 });
}, 180_000);
