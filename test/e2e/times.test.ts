/** Every time that the product reports is the time it happened, also where the databases' roles have other defaults. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabases, rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { startSystem, type TestSystem } from '../support/system';

/** What would shift a time, or lose an order. */
const INHERITED = [
  `TimeZone = 'America/New_York'`,
  `DateStyle = 'SQL, DMY'`,
  `IntervalStyle = 'sql_standard'`,
  `search_path = 'elsewhere'`,
  `statement_timeout = '1ms'`,
  `lock_timeout = '1ms'`,
  `default_transaction_isolation = 'serializable'`,
  `synchronous_commit = 'off'`,
];

let system: TestSystem;

beforeAll(async () => {
  const databases = await createTestDatabases({ history: true });
  const { orderUrl, customerUrl, historyUrl, adminOrderUrl } = databases;
  for (const url of [orderUrl, customerUrl, historyUrl].map((text) => new URL(text)))
    for (const setting of INHERITED)
      await rowsOf(
        adminOrderUrl,
        `ALTER ROLE ${url.username} IN DATABASE ${url.pathname.slice(1)} SET ${setting}`,
      );
  system = await startSystem({ databases, history: true });
});
afterAll(() => system.stop());

/** The times in `value`, by path, that are not within the last minute. */
function wrongTimes(value: unknown, path = ''): string[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, each]) => wrongTimes(each, `${path}/${key}`));
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}T/.test(value)) return [];
  const ageMs = Date.now() - Date.parse(value);
  return ageMs >= 0 && ageMs < 60_000 ? [] : [`${path}: ${value}`];
}

test('order, cancellation, events and order history', async () => {
  const { url } = system;
  const customer = await newCustomer(url, '10.00');
  const { body: order } = await placeOrder(url, customer, '1.00', WAIT);
  expect(order).toMatchObject({ state: 'APPROVED', createdAt: expect.any(String) });
  const cancelled = await call(`${url}/orders/${String(order['orderId'])}/cancel`, 'POST', {}, WAIT);
  expect(cancelled.body).toMatchObject({ state: 'CANCELLED' });
  const history = await eventually(async () => {
    const { body } = await call(`${url}/customers/${customer}/order-history`, 'GET');
    return JSON.stringify(body).includes('CANCELLED') ? body : undefined;
  });
  const events = (await call(`${url}/events?limit=100`, 'GET')).body;
  expect(JSON.stringify(events)).toContain('OrderCancelled');
  const list = (await call(`${url}/orders?customerId=${customer}`, 'GET')).body;
  expect(wrongTimes({ order, cancelled: cancelled.body, list, events, history })).toEqual([]);
});
