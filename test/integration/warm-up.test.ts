/** What a process does before its first task, on real databases. */
import { afterEach, expect, test } from '@jest/globals';
import { createCustomerActivities } from '../../activities/customer';
import { createOrderActivities } from '../../activities/order';
import { createPool } from '../../prisma/connection-options';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createOrderDatabase } from '../../prisma/order/client';
import { warmUp } from '../../workers/warm-up';
import { createTestDatabases, rowsOf } from '../support/databases';

/** Of what was started, the last first, whether the test passed or not. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** What its steps' statements say, and no other: those that move an order are one statement, prepared by each. */
const WORDS = ['INSERT INTO orders (', 'UPDATE orders', 'INSERT INTO given_up_steps ('];

test('every step has been asked for and nothing has changed: the first order finds its statements there', async () => {
  const databases = await createTestDatabases();
  ends.push(() => databases.drop());
  const pool = createPool(databases.orderUrl, 'order-service');
  const orders = createOrderDatabase(databases.orderUrl, pool);
  const customers = createCustomerDatabase(databases.customerUrl);
  ends.push(() => Promise.all([orders.$disconnect(), customers.$disconnect()]));
  const orderSteps = createOrderActivities({ db: orders });
  const creditSteps = createCustomerActivities({ db: customers });

  await warmUp(Object.values({ ...orderSteps, ...creditSteps }));

  const opened = pool.totalCount;
  expect(opened).toBeGreaterThan(0);
  const clients = await Promise.all(Array.from({ length: opened }, () => pool.connect()));
  const prepared: string[] = [];
  for (const client of clients) {
    const { rows } = await client.query<{ statement: string }>(
      'SELECT statement FROM pg_prepared_statements',
    );
    prepared.push(...rows.map(({ statement }) => statement));
    client.release();
  }
  for (const words of WORDS)
    expect([words, prepared.some((statement) => statement.includes(words))]).toEqual([words, true]);
  for (const [url, tables] of [
    [databases.adminOrderUrl, ['orders', 'outbox', 'given_up_steps']],
    [databases.adminCustomerUrl, ['credit_reservations', 'outbox']],
  ] as const)
    for (const table of tables)
      expect([table, await rowsOf(url, `SELECT FROM ${table}`)]).toEqual([table, []]);
});

test('a database that is away, or that does not answer, keeps no process from its work', async () => {
  const asked: string[] = [];
  const away = ({ sagaId }: { sagaId: string }) => {
    asked.push(sagaId);
    return Promise.reject(new Error('connect ECONNREFUSED'));
  };
  const silent = () => new Promise<never>(() => undefined);
  await warmUp([away, silent, away], 1);
  expect(asked).toHaveLength(2);
});
