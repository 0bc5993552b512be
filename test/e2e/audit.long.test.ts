/** The audit reports one planted violation of each kind, and none in a busy system. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Sql, sqltag as sql } from '@prisma/client/runtime/client';
import { audit } from '../../ops/audit/audit';
import type { Finding } from '../../ops/audit/invariants';
import type { SqlDatabase } from '../../events/sql';
import { openReadOnly } from '../../ops/databases';
import { readConfig } from '../../platform/config';
import { createCustomerDatabase } from '../../prisma/customer/client';
import { createHistoryDatabase } from '../../prisma/history/client';
import { createOrderDatabase } from '../../prisma/order/client';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder } from '../support/http';
import { auditOf, becomesClean } from '../support/invariants';
import { operatorCommand } from '../support/operator-command';
import { hold, holdCustomer } from '../support/outages';
import type { Expected } from '../support/planted-violations/plant';
import { PLANTS } from '../support/planted-violations/plants';
import { startSystem, type TestSystem } from '../support/system';

/** Long enough for what is under way in these tests, and for a list of sagas that is a second behind. */
const GRACE_MS = 2_000;

/** The default of `npm run audit`: on a busy machine a step whose answer came too late is repeated after up to 4 s. */
const GRACE_UNDER_LOAD_MS = 5_000;

/** 2: hundreds of sagas are under way while the audit looks, and the machine can do other things. */
const CLIENTS = 2;

let system: TestSystem;

beforeAll(async () => {
  system = await startSystem({ history: true });
});
afterAll(() => system.stop());

test('while orders are placed, approved, refused and cancelled nothing is violated', async () => {
  const customer = await newCustomer(system.url, '50.00');
  let loading = true;
  const load = async () => {
    while (loading) {
      const { body } = await placeOrder(system.url, customer, '1.00');
      await call(`${system.url}/orders/${String(body['orderId'])}/cancel`, 'POST');
      await placeOrder(system.url, customer, '60.00');
    }
  };
  const clients = Array.from({ length: CLIENTS }, load);
  const scope = { client: system.client, withHistory: true };
  try {
    for (let checked = 0, before = -1; checked < 100 || before < 100;) {
      before = checked;
      const { violations: found, invariants } = await auditOf(system.databases, scope, GRACE_UNDER_LOAD_MS);
      expect(found).toEqual([]);
      checked = invariants.saga.checked;
    }
  } finally {
    loading = false;
    await Promise.all(clients);
  }
  await becomesClean(system.databases, scope);
});

test('an order that waits for credit counts as in flight for invariants 2 and 6', async () => {
  const customer = await newCustomer(system.url, '10.00');
  const held = await holdCustomer(system.databases.adminCustomerUrl, customer);
  await placeOrder(system.url, customer, '1.00');
  const report = await auditOf(system.databases, { client: system.client, withHistory: true }, 0);
  expect(report.invariants).toMatchObject({
    terminal: { inFlight: 1, violated: 0 },
    saga: { inFlight: 1, violated: 0 },
  });
  await held.release();
});

test('events that the order history has not applied yet count as in flight, also those recorded after the first check', async () => {
  const customer = await newCustomer(system.url, '10.00');
  const credit = await holdCustomer(system.databases.adminCustomerUrl, customer);
  const orderId = String((await placeOrder(system.url, customer, '1.00')).body['orderId']);
  const { adminHistoryUrl, orderUrl, customerUrl, historyUrl } = system.databases;
  await eventually(async () =>
    (await rowsOf(adminHistoryUrl, 'SELECT FROM order_views WHERE id = $1', [orderId])).at(0),
  );
  const checkpoint = await hold(adminHistoryUrl, 'SELECT FROM checkpoints FOR UPDATE');
  const orders = createOrderDatabase(orderUrl);
  const customers = createCustomerDatabase(customerUrl);
  const history = createHistoryDatabase(historyUrl);
  let looks = 0;
  const approvedMeanwhile: SqlDatabase = {
    $queryRaw: async <Rows>(query: Sql) => {
      if (query.sql.includes('FROM orders WHERE id = ANY') && ++looks === 2) {
        await credit.release();
        await eventually(async () => {
          const { body } = await call(`${system.url}/orders/${orderId}`, 'GET');
          return body['state'] === 'APPROVED' ? true : undefined;
        });
      }
      return orders.$queryRaw<Rows>(query);
    },
  };
  try {
    const databases = { orders: approvedMeanwhile, customers, history };
    const report = await audit({ databases, client: undefined }, { graceMs: 0 });
    expect(report.violations).toEqual([]);
    expect(report.invariants.view.inFlight).toBeGreaterThan(0);
    expect(looks).toBeGreaterThanOrEqual(2);
  } finally {
    await checkpoint.release();
    await Promise.all([orders.$disconnect(), customers.$disconnect(), history.$disconnect()]);
  }
  await eventually(async () => {
    const { violations: found, invariants } = await auditOf(system.databases, { withHistory: true }, 0);
    expect(found).toEqual([]);
    return invariants.view.inFlight === 0 ? true : undefined;
  });
});

describe('planted', () => {
  const ends: (() => Promise<unknown>)[] = [];
  const expected = new Map<string, Expected>();
  let found: readonly Finding[] = [];

  beforeAll(async () => {
    for (const [name, plant] of Object.entries(PLANTS)) expected.set(name, await plant(system, ends));
    const scope = { client: system.client, withHistory: true };
    ({ violations: found } = await auditOf(system.databases, scope, GRACE_MS));
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });

  test.each(Object.keys(PLANTS))('%s', (name) => {
    const all = expected.get(name) ?? [];
    expect(all).not.toEqual([]);
    for (const [subject, ...said] of all) {
      const ofSubject = found.filter((finding) => finding.subject === subject);
      expect(ofSubject.map(({ invariant, words }) => [invariant, words])).toEqual(said);
    }
  });
});

describe('npm run audit', () => {
  const env = () => ({
    ORDER_DATABASE_URL: system.databases.orderUrl,
    CUSTOMER_DATABASE_URL: system.databases.customerUrl,
    ORDER_HISTORY_DATABASE_URL: system.databases.historyUrl,
    TEMPORAL_ADDRESS: system.settings.temporal?.address ?? '',
    TEMPORAL_NAMESPACE: system.settings.temporal?.namespace ?? '',
  });

  test('reports each violation, its place and its remedy; exit code 1', async () => {
    const { code, stdout } = await operatorCommand('audit', ['--grace', '0'], env());
    expect(code).toBe(1);
    expect(stdout).toMatch(/checked in flight {2}violated/);
    expect(stdout).toMatch(/Violated: 3\. APPROVED holds exactly its amount, CANCELLED nothing/);
    expect(stdout).toMatch(/What to do: npm run repair/);
  });

  test('reports as JSON', async () => {
    const { code, stdout } = await operatorCommand('audit', ['--grace', '0', '--json'], env());
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ invariants: { credit: { violated: 5 } } });
  });

  test('needs read access only', async () => {
    const { adminOrderUrl, adminCustomerUrl, adminHistoryUrl } = system.databases;
    const role = `auditor_${randomBytes(6).toString('hex')}`;
    const urls = [adminOrderUrl, adminCustomerUrl, adminHistoryUrl];
    await rowsOf(adminOrderUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'test' IN ROLE pg_read_all_data`);
    for (const url of urls)
      await rowsOf(url, `GRANT CONNECT ON DATABASE ${new URL(url).pathname.slice(1)} TO ${role}`);
    const as = (url: string) => Object.assign(new URL(url), { username: role, password: 'test' }).href;
    try {
      const { code, stderr } = await operatorCommand('audit', ['--grace', '0'], {
        ...env(),
        ORDER_DATABASE_URL: as(adminOrderUrl),
        CUSTOMER_DATABASE_URL: as(adminCustomerUrl),
        ORDER_HISTORY_DATABASE_URL: as(adminHistoryUrl),
      });
      expect([code, stderr]).toEqual([1, expect.not.stringContaining('failed to run')]);
    } finally {
      for (const url of urls) await rowsOf(url, `DROP OWNED BY ${role}`);
      await rowsOf(adminOrderUrl, `DROP ROLE ${role}`);
    }
  });

  test('the server refuses writes on its connections', async () => {
    const url = new URL(system.databases.orderUrl);
    url.searchParams.set('options', '-c work_mem=5MB');
    const databases = openReadOnly(readConfig({ ...env(), ORDER_DATABASE_URL: url.href }));
    try {
      const { orders, customers, history } = databases;
      const readOnly = /cannot execute UPDATE in a read-only transaction/;
      await expect(orders.$queryRaw(sql`UPDATE orders SET version = version`)).rejects.toThrow(readOnly);
      await expect(customers.$queryRaw(sql`UPDATE customers SET name = name`)).rejects.toThrow(readOnly);
      await expect(history?.$queryRaw(sql`UPDATE order_views SET state = state`)).rejects.toThrow(readOnly);
      expect(await orders.$queryRaw(sql`SHOW work_mem`)).toEqual([{ work_mem: '5MB' }]);
    } finally {
      await databases.close();
    }
  });

  test.each([
    ['ORDER_DATABASE_URL', 'postgres://a:b@127.0.0.1:1/orders'],
    ['TEMPORAL_ADDRESS', '127.0.0.1:1'],
  ])('exit code 2 when it failed to run: %s', async (name, value) => {
    const { code, stderr, stdout } = await operatorCommand('audit', [], { ...env(), [name]: value });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^The audit failed to run: /);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
