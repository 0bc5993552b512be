/** The pages of the audit: each id once, whichever tables have it, wherever the tables' pages end. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { customerIds, orderIds } from '../../ops/audit/audited-ids';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createHistoryDatabase } from '../../prisma/history/client';
import { createOrderDatabase } from '../../prisma/order/client';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';

let databases: TestDatabases;
beforeAll(async () => {
  databases = await createTestDatabases({ history: true });
});
afterAll(() => databases.drop());

/** More than two pages' worth in all; `n` is the number of the id. */
const ID = `('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid`;
const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const series = (from: number, to: number) => `FROM generate_series(${String(from)}, ${String(to)}) n`;
const events = (kind: string, type: string, numbers: string) => `
  INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data)
  SELECT '${kind}', ${ID}, s, '${type}', '{}' ${numbers}, generate_series(1, 2) s`;

async function all(pages: AsyncIterable<string[]>): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of pages) ids.push(...page);
  return ids;
}

test('the audit reads every page of orders and of customers', async () => {
  const { adminOrderUrl, adminCustomerUrl, adminHistoryUrl } = databases;
  const [onOrders, onCustomers, onHistory] = [adminOrderUrl, adminCustomerUrl, adminHistoryUrl].map(
    (url) => (text: string) => rowsOf(url, text),
  );
  await onOrders?.(`INSERT INTO orders (id, saga_id, customer_id, total_minor, currency, state)
    SELECT ${ID}, 'saga', ${ID}, 1, 'USD', 'PENDING' ${series(1, 1_500)}`);
  await onOrders?.(events('order', 'OrderCreated', series(1_401, 2_600)));
  await onOrders?.(events('given-up-step', 'SagaStepGivenUp', series(9_001, 9_100)));
  await onCustomers?.(`INSERT INTO credit_reservations (order_id, customer_id, amount_minor, currency, status, saga_id)
    SELECT ${ID}, ${ID}, 1, 'USD', 'RESERVED', 'saga' ${series(2_000, 2_700)}`);
  await onCustomers?.(events('credit-reservation', 'CreditReserved', series(2_650, 2_800)));
  await onCustomers?.(events('customer', 'CustomerCreated', series(8_001, 8_010)));
  await onHistory?.(`
    INSERT INTO order_views (generation, id, customer_id, total_minor, currency, state, version, created_at, updated_at)
    SELECT 1, ${ID}, ${ID}, 1, 'USD', 'PENDING', 1, now(), now() ${series(2_790, 2_810)}`);
  await onHistory?.(`
    INSERT INTO customer_views (generation, id, credit_limit_minor, currency, reserved_minor)
    SELECT g, ${ID}, 1, 'USD', 0 ${series(8_005, 8_012)}, generate_series(1, 2) g`);

  const orders = createOrderDatabase(databases.orderUrl);
  const customers = createCustomerDatabase(databases.customerUrl);
  const history = createHistoryDatabase(databases.historyUrl);
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_each, index) => id(from + index));
  try {
    const every = { orders, customers, history };
    expect((await all(orderIds(every))).sort()).toEqual(numbers(1, 2_810));
    expect((await all(customerIds(every))).sort()).toEqual(numbers(8_001, 8_012));
    expect((await all(orderIds({ ...every, history: undefined }))).sort()).toEqual(numbers(1, 2_800));
  } finally {
    await Promise.all([orders.$disconnect(), customers.$disconnect(), history.$disconnect()]);
  }
});
