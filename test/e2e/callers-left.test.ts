/** A caller that closes its connection ends its wait, frees its place, and is counted. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { readMetrics } from '../support/metrics';
import { startSystem, type TestSystem } from '../support/system';

const PLACES = 20;
/** The order history follows the feed in a place of its own. */
const FOLLOWERS = 1;
/** Far less than the waits of 30 s. */
const AT_ONCE_MS = 10_000;

let system: TestSystem;
let customer: string;

beforeAll(async () => {
  system = await startSystem({
    placement: 'distributed',
    history: true,
    order: { ordersInFlightMax: PLACES },
    readers: { waitsMax: PLACES + FOLLOWERS, waitsPerClientMax: PLACES + FOLLOWERS },
  });
  customer = await newCustomer(system.url, '1000.00');
});
afterAll(() => system.stop());

interface CallInit {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** As many callers as there are places. */
function callers(path: string, init: CallInit) {
  const hangUp = new AbortController();
  const answers = Array.from({ length: PLACES }, () =>
    fetch(`${system.url}${path}`, {
      ...init,
      headers: { Prefer: 'wait=30', 'Content-Type': 'application/json', ...init.headers },
      signal: hangUp.signal,
    }).then(
      ({ status }) => status,
      () => 'left',
    ),
  );
  return { answers, hangUp };
}

async function expectPlacesFreed(
  { answers, hangUp }: ReturnType<typeof callers>,
  gauge: string,
  route: string,
  url = system.url,
): Promise<void> {
  const inUse = async () => (await readMetrics(url)).get(gauge) ?? NaN;
  const leftOf = async () => {
    const all = await readMetrics(url);
    return [...all].filter(([name]) => name.startsWith('http_callers_left') && name.includes(`"${route}"`));
  };
  const before = (await leftOf()).reduce((sum, [, value]) => sum + value, 0);
  await eventually(async () => ((await inUse()) >= PLACES ? true : undefined));
  hangUp.abort();
  await eventually(async () => ((await inUse()) <= FOLLOWERS ? true : undefined), AT_ONCE_MS);
  expect(await Promise.all(answers)).toEqual(answers.map(() => 'left'));
  await eventually(async () => {
    const now = (await leftOf()).reduce((sum, [, value]) => sum + value, 0);
    return now - before === PLACES ? true : undefined;
  }, AT_ONCE_MS);
}

describe('with a locked table of orders', () => {
  let holder: Client;
  beforeAll(async () => {
    holder = new Client({ connectionString: system.databases.adminOrderUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE orders IN SHARE MODE');
  });
  afterAll(() => holder.end());

  test('callers of POST /orders with and without wait', async () => {
    const body = JSON.stringify({ customerId: customer, orderTotal: { amount: '1.00', currency: 'USD' } });
    for (const Prefer of ['wait=30', '']) {
      const waiting = callers('/orders', { method: 'POST', body, headers: { Prefer } });
      await expectPlacesFreed(waiting, 'orders_in_flight', '/orders');
    }
  });
});

test('callers of a cancellation that cannot end', async () => {
  const placed = await placeOrder(system.url, customer, '1.00', WAIT);
  const path = `/orders/${String(placed.body['orderId'])}/cancel`;
  await system.stopCustomerService();
  const waiting = callers(path, { method: 'POST' });
  await expectPlacesFreed(waiting, 'orders_in_flight', '/orders/:id/cancel');
  await system.startCustomerService();
  // Others are served at once.
  expect((await placeOrder(system.url, customer, '1.00', WAIT)).status).toBe(201);
});

test('callers that wait for events', async () => {
  const { body } = await call(`${system.url}/events?subject=${randomUUID()}`, 'GET');
  const path = `/events?subject=${randomUUID()}&after=${String(body['nextCursor'])}`;
  await expectPlacesFreed(callers(path, {}), 'waiting_readers', '/events');
});

test('callers that wait for the order history in another process', async () => {
  const path = `/customers/${customer}/order-history?includes=${randomUUID()}.9`;
  const historyUrl = system.settings.order?.historyUrl;
  const route = '/customers/:id/order-history';
  await expectPlacesFreed(callers(path, {}), 'waiting_readers', route, historyUrl);
  expect((await readMetrics(system.url)).size).toBeGreaterThan(0);
});
