import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CANCELLATION_REASONS, ORDER_STATES } from '../../domain/order';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';

let databases: TestDatabases;

beforeAll(async () => {
  databases = await createTestDatabases({ history: true });
});
afterAll(() => databases.drop());

function swapped(url: string, other: string): string {
  return Object.assign(new URL(url), { pathname: new URL(other).pathname }).href;
}

test('the order history can read neither service’s database, and neither service can read its database', async () => {
  const { orderUrl, customerUrl, historyUrl } = databases;
  const denied = /permission denied for database/;
  await expect(rowsOf(swapped(historyUrl, orderUrl), 'SELECT 1')).rejects.toThrow(denied);
  await expect(rowsOf(swapped(historyUrl, customerUrl), 'SELECT 1')).rejects.toThrow(denied);
  await expect(rowsOf(swapped(orderUrl, historyUrl), 'SELECT 1')).rejects.toThrow(denied);
  await expect(rowsOf(historyUrl, 'DELETE FROM order_views')).rejects.toThrow(/permission denied/);
});

test('neither service can connect to the other one’s database', async () => {
  const { orderUrl, customerUrl, orderOwnerUrl } = databases;
  await expect(rowsOf(swapped(orderUrl, customerUrl), 'SELECT 1')).rejects.toThrow(
    /permission denied for database/,
  );
  await expect(rowsOf(swapped(customerUrl, orderUrl), 'SELECT 1')).rejects.toThrow(
    /permission denied for database/,
  );
  await expect(rowsOf(swapped(orderOwnerUrl, customerUrl), 'SELECT 1')).rejects.toThrow(
    /permission denied for database/,
  );
});

describe.each(['order', 'customer', 'history'] as const)('of the %s service', (service) => {
  const loginUrl = () => databases[`${service}Url`];
  const ownerUrl = () => Object.assign(new URL(loginUrl()), { username: `${service}_owner` }).href;

  test('neither the login role nor the owner can connect to any other database', async () => {
    const own = new URL(loginUrl()).pathname;
    const ofServices = [databases.orderUrl, databases.customerUrl, databases.historyUrl];
    const all = [
      ...ofServices.map((url) => new URL(url).pathname),
      ...['postgres', 'template1', 'order_template', 'customer_template', 'history_template'].map(
        (one) => `/${one}`,
      ),
    ];
    for (const pathname of all.filter((one) => one !== own && one !== `/${service}_template`)) {
      for (const url of [loginUrl(), ownerUrl()])
        await expect(rowsOf(Object.assign(new URL(url), { pathname }).href, 'SELECT 1')).rejects.toThrow(
          `permission denied for database "${pathname.slice(1)}"`,
        );
    }
    for (const url of [loginUrl(), ownerUrl()]) expect(await rowsOf(url, 'SELECT 1')).toHaveLength(1);
  });

  test.each([
    "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', 'x')",
    'UPDATE _prisma_migrations SET checksum = checksum',
    'DELETE FROM _prisma_migrations',
    'TRUNCATE _prisma_migrations',
  ])('the login role cannot %s', async (statement) => {
    await expect(rowsOf(loginUrl(), statement)).rejects.toThrow(
      'permission denied for table _prisma_migrations',
    );
  });
});

const FORBIDDEN = [
  'CREATE TABLE x (a int)',
  'ALTER TABLE outbox ADD COLUMN x int',
  'DROP TABLE outbox',
  'TRUNCATE outbox',
  'DELETE FROM outbox',
  'CREATE SCHEMA x',
  'CREATE ROLE x',
];

test.each(FORBIDDEN)('neither service may %s', async (statement) => {
  await expect(rowsOf(databases.orderUrl, statement)).rejects.toThrow(/permission denied|must be owner/);
  await expect(rowsOf(databases.customerUrl, statement)).rejects.toThrow(/permission denied|must be owner/);
});

const order = `INSERT INTO orders (id, saga_id, customer_id, total_minor, currency, state, cancellation_reason, version)
  VALUES (gen_random_uuid(), 's', gen_random_uuid(),`;

test('the order database accepts every state and every reason of the domain', async () => {
  const reasons = ORDER_STATES.flatMap((state): [string, string | null][] =>
    state === 'CANCELLED' ? CANCELLATION_REASONS.map((reason) => [state, reason]) : [[state, null]],
  );
  for (const [state, reason] of reasons)
    await rowsOf(databases.orderUrl, `${order} 1, 'USD', $1, $2, ${state === 'PENDING' ? '1' : '2'})`, [
      state,
      reason,
    ]);
});

const customer =
  'INSERT INTO customers (id, name, credit_limit_minor, currency, reserved_minor) VALUES (gen_random_uuid(),';

test.each([
  ['orders_total_within_bounds', `${order} 0, 'USD', 'PENDING', NULL, 1)`],
  ['orders_currency_iso_4217', `${order} 1, 'usd', 'PENDING', NULL, 1)`],
  ['orders_state_known', `${order} 1, 'USD', 'LOST', NULL, 2)`],
  ['orders_cancelled_with_reason', `${order} 1, 'USD', 'CANCELLED', NULL, 2)`],
  ['orders_cancelled_with_reason', `${order} 1, 'USD', 'APPROVED', 'CUSTOMER_REQUEST', 2)`],
  ['orders_reason_known', `${order} 1, 'USD', 'CANCELLED', 'BORED', 2)`],
])('constraints of the order database enforce %s', async (constraint, statement) => {
  await expect(rowsOf(databases.orderUrl, statement)).rejects.toThrow(constraint);
});

test.each([
  ['customers_reserved_within_limit', `${customer} 'Ada', 10, 'USD', 11)`],
  ['customers_reserved_within_limit', `${customer} 'Ada', 10, 'USD', -1)`],
  ['customers_limit_within_bounds', `${customer} 'Ada', 1000000000000000, 'USD', 0)`],
  ['customers_name_length', `${customer} '', 10, 'USD', 0)`],
])('constraints of the customer database enforce %s', async (constraint, statement) => {
  await expect(rowsOf(databases.customerUrl, statement)).rejects.toThrow(constraint);
});
