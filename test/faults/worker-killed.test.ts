import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { call, eventually, newCustomer, placeOrder } from '../support/http';
import { testServers } from '../support/servers';
import { freePort } from '../../tools/local/free-port';
import { ready, scratch, start, type StartedProcess } from '../support/start';

let databases: TestDatabases;
let url: string;
let run: () => StartedProcess;
const data = scratch();

beforeAll(async () => {
  databases = await createTestDatabases({ history: true });
  const port = String(await freePort());
  url = `http://127.0.0.1:${port}`;
  const { temporal } = testServers();
  const env = {
    PORT: port,
    DATA_DIR: data.folder,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    ORDER_DATABASE_URL: databases.orderUrl,
    CUSTOMER_DATABASE_URL: databases.customerUrl,
    ORDER_DATABASE_OWNER_URL: databases.adminOrderUrl,
    CUSTOMER_DATABASE_OWNER_URL: databases.adminCustomerUrl,
    ORDER_HISTORY_DATABASE_URL: databases.historyUrl,
    ORDER_HISTORY_DATABASE_OWNER_URL: databases.adminHistoryUrl,
  };
  run = () => start(env);
});
afterAll(async () => {
  await databases.drop();
  data.remove();
});

/** Locks what the next step needs, so that the saga stops before it. */
const MOMENTS = {
  'before createPendingOrders': { database: 'adminOrderUrl', lock: 'LOCK TABLE orders IN SHARE MODE' },
  'between createPendingOrders and reserveCredit': {
    database: 'adminCustomerUrl',
    lock: 'SELECT FROM customers FOR UPDATE',
  },
  'between reserveCredit and approveOrders': {
    database: 'adminOrderUrl',
    lock: 'LOCK TABLE orders IN SHARE MODE',
  },
} as const;

test.each(Object.entries(MOMENTS))(
  'killed %s, and restarted: the order is decided correctly, once',
  async (moment, { database, lock }) => {
    const first = run();
    await ready(first);
    const customer = await newCustomer(url, '10.00');
    const key = { 'Idempotency-Key': moment.replaceAll(' ', '-') };
    const credit = new Client({ connectionString: databases.adminCustomerUrl });
    await credit.connect();
    const holder = new Client({ connectionString: databases[database] });
    await holder.connect();
    const late = moment.startsWith('between reserveCredit');
    await credit.query('BEGIN');
    if (late) await credit.query('SELECT FROM customers FOR UPDATE');
    await holder.query('BEGIN');
    if (!late) await holder.query(lock);
    const placing = placeOrder(url, customer, '4.00', key).catch(() => undefined);
    const stuckAt = async (look: () => Promise<boolean>) =>
      eventually(async () => ((await look()) ? true : undefined));
    const orderRows = () =>
      rowsOf(databases.adminOrderUrl, 'SELECT state FROM orders WHERE customer_id = $1', [customer]);
    if (moment.startsWith('before')) {
      await stuckAt(async () => {
        const waiting = await rowsOf(
          databases.adminOrderUrl,
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return waiting.length > 0;
      });
    } else {
      await stuckAt(async () => (await orderRows()).length === 1);
    }
    if (late) {
      await holder.query(lock);
      await credit.query('COMMIT');
      const held = () =>
        rowsOf(
          databases.adminCustomerUrl,
          `SELECT FROM credit_reservations WHERE customer_id = $1 AND status = 'RESERVED'`,
          [customer],
        );
      await stuckAt(async () => (await held()).length === 1);
      expect(await orderRows()).toEqual([{ state: 'PENDING' }]);
    }
    first.process.kill('SIGKILL');
    await first.exit;
    await placing;
    await holder.query('ROLLBACK');
    await credit.query('ROLLBACK');
    await Promise.all([holder.end(), credit.end()]);

    const second = run();
    await ready(second);
    const order = await eventually(async () => {
      const { body } = await call(`${url}/customers/${customer}/orders`, 'GET');
      const [only, ...more] = body['items'] as { orderId: string; state: string }[];
      expect(more).toEqual([]);
      return only && only.state !== 'PENDING' ? only : undefined;
    }, 40_000);
    expect(order.state).toBe('APPROVED');
    const events = [
      ...(await rowsOf(
        databases.adminOrderUrl,
        'SELECT type FROM outbox WHERE aggregate_id = $1 ORDER BY sequence',
        [order.orderId],
      )),
      ...(await rowsOf(
        databases.adminCustomerUrl,
        'SELECT type FROM outbox WHERE aggregate_id = $1 ORDER BY sequence',
        [order.orderId],
      )),
    ];
    expect(events.map(({ type }) => type)).toEqual(['OrderCreated', 'OrderApproved', 'CreditReserved']);
    expect((await call(`${url}/customers/${customer}`, 'GET')).body).toMatchObject({
      reserved: { amount: '4.00' },
    });
    second.process.kill('SIGTERM');
    expect(await second.exit).toBe(0);
  },
  120_000,
);
