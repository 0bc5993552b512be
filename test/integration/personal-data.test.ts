/** The migrations remove customers' names from what was stored before them, and the statement that erases a name. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createCustomer } from '../../activities/create-customer';
import { createCustomerActivities } from '../../activities/customer';
import { erasePersonalData } from '../../activities/erase-personal-data';
import { createCustomerDatabase, type CustomerDatabase } from '../../prisma/customer/client';
import { migrationsPath, type ServiceName } from '../../prisma/schema-engine';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { placesInDatabases } from '../support/name-search';

const NAME = 'Quxelvyra';
const MIGRATION = '20261202000000_personal_data';

let databases: TestDatabases;
let db: CustomerDatabase;

beforeAll(async () => {
  databases = await createTestDatabases({ history: true });
  db = createCustomerDatabase(databases.customerUrl);
});
afterAll(async () => {
  await db.$disconnect();
  await databases.drop();
});

const customers = (text: string, values: unknown[] = []) => rowsOf(databases.adminCustomerUrl, text, values);

async function newCustomer(): Promise<string> {
  const customerId = randomUUID();
  await createCustomer(db, { customerId, name: NAME, creditLimitMinor: 1_000, currency: 'USD' });
  return customerId;
}

test('ten erasures at once, beside orders: one event, the next version, and the credit stays', async () => {
  const customerId = await newCustomer();
  const steps = createCustomerActivities({ db });
  const items = [{ orderId: randomUUID(), customerId, totalMinor: 100, currency: 'USD' }];
  const erasures = Array.from({ length: 10 }, () => erasePersonalData(db, customerId));
  const [, ...erased] = await Promise.all([steps.reserveCredit({ sagaId: 'saga', items }), ...erasures]);
  expect(new Set(erased)).toEqual(new Set(['erased']));
  const [row] = await customers('SELECT name, version, credit_limit_minor FROM customers WHERE id = $1', [
    customerId,
  ]);
  expect(row).toEqual({ name: null, version: 2, credit_limit_minor: '1000' });
  const events = await customers(
    'SELECT type, sequence, data FROM outbox WHERE aggregate_id = $1 ORDER BY sequence',
    [customerId],
  );
  const data = { customerId, creditLimitMinor: 1_000, currency: 'USD' };
  expect(events).toEqual([
    { type: 'CustomerCreated', sequence: 1, data },
    { type: 'CustomerPersonalDataErased', sequence: 2, data },
  ]);
  expect(await erasePersonalData(db, randomUUID())).toBe('unknown-customer');
});

test('an erased name is not compared, and not stored again', async () => {
  const customerId = await newCustomer();
  await erasePersonalData(db, customerId);
  const customer = { customerId, name: NAME, creditLimitMinor: 1_000, currency: 'USD' };
  expect(await createCustomer(db, customer)).toBe('created');
  expect(await createCustomer(db, { ...customer, currency: 'EUR' })).toBe('conflict');
  expect(await customers('SELECT name FROM customers WHERE id = $1', [customerId])).toEqual([{ name: null }]);
});

test('a row without a name says when it was erased', async () => {
  const customerId = await newCustomer();
  const nameless = customers('UPDATE customers SET name = NULL WHERE id = $1', [customerId]);
  await expect(nameless).rejects.toThrow('customers_name_until_erased');
});

/** A database as it was before the migration. */
async function before(url: string, service: ServiceName): Promise<void> {
  const folder = migrationsPath(service);
  const earlier = readdirSync(folder).filter((name) => /^\d/.test(name) && name < MIGRATION);
  await rowsOf(url, 'DROP SCHEMA public CASCADE');
  await rowsOf(url, 'CREATE SCHEMA public');
  for (const name of earlier.sort()) await migrate(url, service, name);
}

const migrate = (url: string, service: ServiceName, name: string) =>
  rowsOf(url, readFileSync(path.join(migrationsPath(service), name, 'migration.sql'), 'utf8'));

test('the migrations remove the names that are stored, and keep everything else', async () => {
  const old = await createTestDatabases({ history: true });
  try {
    const [url, historyUrl] = [old.adminCustomerUrl, old.adminHistoryUrl];
    await before(url, 'customer');
    await before(historyUrl, 'history');
    const data = `jsonb_build_object('name', '${NAME}'::text, 'creditLimitMinor', 7)`;
    await rowsOf(
      url,
      `INSERT INTO customers (id, name, credit_limit_minor, currency)
       SELECT gen_random_uuid(), '${NAME}', 7, 'USD' FROM generate_series(1, 50)`,
    );
    await rowsOf(
      url,
      `INSERT INTO outbox (aggregate_type, aggregate_id, sequence, type, data)
       SELECT 'customer', id, 1, 'CustomerCreated', ${data} FROM customers`,
    );
    await rowsOf(
      historyUrl,
      `INSERT INTO customer_views (generation, id, name, credit_limit_minor, currency, reserved_minor)
       SELECT 1, gen_random_uuid(), '${NAME}', 7, 'USD', 0 FROM generate_series(1, 50)`,
    );
    await rowsOf(
      historyUrl,
      `INSERT INTO received_events (source, event_id, type, subject, sequence, time, data)
       SELECT 'x/customer-service', id, 'CustomerCreated', id, 1, now(), ${data} FROM customer_views`,
    );
    await rowsOf(
      historyUrl,
      `INSERT INTO lost_events (received_id, source, event_id, type, subject, sequence, time, data)
       SELECT received_id, source, event_id, type, subject, sequence, time, data FROM received_events`,
    );
    expect(await placesInDatabases(old, NAME)).toEqual([
      'customer: customers.name',
      'customer: outbox.data',
      'customer: statistics of customers.name',
      'customer: statistics of outbox.data',
      'history: customer_views.name',
      'history: lost_events.data',
      'history: received_events.data',
      'history: statistics of customer_views.name',
      'history: statistics of lost_events.data',
      'history: statistics of received_events.data',
    ]);
    await migrate(url, 'customer', MIGRATION);
    await migrate(historyUrl, 'history', MIGRATION);
    expect(await placesInDatabases(old, NAME)).toEqual(['customer: customers.name']);
    const remaining = [{ data: { creditLimitMinor: 7 } }];
    expect(await rowsOf(url, 'SELECT DISTINCT data FROM outbox')).toEqual(remaining);
    expect(await rowsOf(historyUrl, 'SELECT DISTINCT data FROM received_events')).toEqual(remaining);
    expect(await rowsOf(historyUrl, 'SELECT count(*)::integer AS n FROM customer_views')).toEqual([
      { n: 50 },
    ]);
  } finally {
    await old.drop();
  }
});
