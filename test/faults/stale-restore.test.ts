/**
 * A store is restored from an older backup while the others go on: the audit says what is violated, the repair
 * runs the right sagas, and the audit is clean; or names what only a person can judge.
 */
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { backUp } from '../support/backups';
import { rowsOf } from '../support/databases';
import { call, eventually, newCustomer, placeOrder, WAIT } from '../support/http';
import { operatorCommand } from '../support/operator-command';
import { freePorts, ready, scratch, start } from '../support/start';
import { startSystem, type TestSystem } from '../support/system';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A saga takes milliseconds here. */
const GRACE = ['--grace', '0.5'];

interface AuditJson {
  readonly invariants: Readonly<Record<string, { readonly violated: number }>>;
  readonly violations: readonly { readonly subject: string; readonly words: string }[];
}

async function begin(history = false): Promise<TestSystem> {
  const system = await startSystem({ history });
  ends.push(() => system.stop());
  return system;
}

/** Of the services' databases and Temporal. */
const environment = ({ databases, settings }: TestSystem) => ({
  ORDER_DATABASE_URL: databases.orderUrl,
  CUSTOMER_DATABASE_URL: databases.customerUrl,
  TEMPORAL_ADDRESS: settings.temporal?.address ?? '',
  TEMPORAL_NAMESPACE: settings.temporal?.namespace ?? '',
});

async function audit(env: Record<string, string>): Promise<AuditJson['violations']> {
  const { code, stdout } = await operatorCommand('audit', ['--json', ...GRACE], env);
  const { violations } = JSON.parse(stdout) as AuditJson;
  expect(code).toBe(violations.length === 0 ? 0 : 1);
  return violations;
}

const subjects = (violations: AuditJson['violations']) =>
  [...new Set(violations.map(({ subject }) => subject))].sort();

async function repaired(env: Record<string, string>): Promise<AuditJson['violations']> {
  const dry = await operatorCommand('repair', ['--dry-run', ...GRACE], env);
  expect(dry.stdout).toMatch(/^0 started again, [1-9]\d* could be/m);
  const { stdout, stderr } = await operatorCommand('repair', ['--apply', ...GRACE], env);
  expect([stderr, stdout]).toEqual(['', expect.stringMatching(/^[1-9]\d* started again, 0 could be/m)]);
  return audit(env);
}

async function order(url: string, customer: string, amount = '1.00'): Promise<string> {
  return String((await placeOrder(url, customer, amount, WAIT)).body['orderId']);
}

async function cancelled(url: string, customer: string): Promise<string> {
  const orderId = await order(url, customer);
  await cancel(url, orderId);
  return orderId;
}

async function cancel(url: string, orderId: string): Promise<void> {
  expect((await call(`${url}/orders/${orderId}/cancel`, 'POST', undefined, WAIT)).status).toBe(200);
}

const stateOf = async (url: string, orderId: string) =>
  (await call(`${url}/orders/${orderId}`, 'GET')).body['state'];

test('the order database: lost orders are restored as their reservations require', async () => {
  const system = await begin();
  const { url, databases } = system;
  const customer = await newCustomer(url, '10.00');
  const kept = await order(url, customer);
  const cancelledSince = await order(url, customer);
  const backup = await backUp(databases.adminOrderUrl, 'order');
  const [approved, refused, gone] = [
    await order(url, customer),
    await order(url, customer, '99.00'),
    await cancelled(url, customer),
  ];
  await cancel(url, cancelledSince);
  const env = environment(system);
  expect(await audit(env)).toEqual([]);
  await backup.restore();

  expect(subjects(await audit(env))).toEqual([approved, refused, gone, cancelledSince].sort());
  expect(await repaired(env)).toEqual([]);
  for (const [orderId, state] of [
    [kept, 'APPROVED'],
    [approved, 'APPROVED'],
    [refused, 'CANCELLED'],
    [gone, 'CANCELLED'],
    [cancelledSince, 'CANCELLED'],
  ] as const)
    expect([orderId, await stateOf(url, orderId)]).toEqual([orderId, state]);
}, 120_000);

test('the customer database: credit is reserved and released again; a lost customer is listed for a person', async () => {
  const system = await begin();
  const { url, databases } = system;
  const customer = await newCustomer(url, '10.00');
  await order(url, customer);
  const cancelledSince = await order(url, customer);
  const backup = await backUp(databases.adminCustomerUrl, 'customer');
  const approved = await order(url, customer);
  await order(url, customer, '99.00');
  await cancelled(url, customer);
  await cancel(url, cancelledSince);
  const ofLostCustomer = await order(url, await newCustomer(url, '10.00'));
  const env = environment(system);
  expect(await audit(env)).toEqual([]);
  await backup.restore();

  expect(subjects(await audit(env))).toEqual([cancelledSince, approved, ofLostCustomer].sort());
  expect(subjects(await repaired(env))).toEqual([ofLostCustomer]);
  const reserved = 'SELECT reserved_minor::integer AS reserved FROM customers WHERE id = $1';
  expect(await rowsOf(databases.adminCustomerUrl, reserved, [customer])).toEqual([{ reserved: 200 }]);
  const { code, stdout } = await operatorCommand('repair', ['--apply', ...GRACE], env);
  expect([code, stdout]).toEqual([
    1,
    expect.stringMatching(new RegExp(`^${ofLostCustomer}: APPROVED, and holds`, 'm')),
  ]);
}, 120_000);

test('the order history: the events of a gap are read again', async () => {
  const system = await begin(true);
  const { url, databases } = system;
  const customer = await newCustomer(url, '10.00');
  const orderId = await order(url, customer);
  const env = { ...environment(system), ORDER_HISTORY_DATABASE_URL: databases.historyUrl };
  await eventually(async () => ((await audit(env)).length === 0 ? true : undefined));
  await rowsOf(databases.adminHistoryUrl, 'DELETE FROM received_events WHERE subject = $1', [orderId]);
  await rowsOf(databases.adminHistoryUrl, 'DELETE FROM order_views WHERE id = $1', [orderId]);
  expect(subjects(await audit(env))).toEqual([orderId]);
  expect(await repaired(env)).toEqual([]);
}, 120_000);

test('Temporal: orders with a lost saga are decided, and accepted cancellations are finished', async () => {
  const data = scratch();
  const env = { ...(await freePorts()), DATA_DIR: data.folder };
  ends.push(() => {
    data.remove();
  });
  const url = `http://127.0.0.1:${env.PORT}`;
  const files = ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'].map((name) =>
    path.join(data.folder, name),
  );

  const first = start(env);
  ends.push(() => first.process.kill('SIGKILL'));
  await ready(first);
  const customer = await newCustomer(url, '10.00');
  const done = await order(url, customer);
  const cancelledSince = await order(url, customer);
  first.process.kill('SIGTERM');
  await first.exit;
  for (const file of files.filter((name) => existsSync(name))) copyFileSync(file, `${file}.backup`);

  const second = start(env);
  ends.push(() => second.process.kill('SIGKILL'));
  await ready(second);
  const sql = new Client({ connectionString: adminUrl(data.folder, env.POSTGRES_PORT) });
  // Its server is stopped under it.
  sql.on('error', () => undefined);
  await sql.connect();
  await sql.query('BEGIN');
  await sql.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [customer]);
  const waiting = String((await placeOrder(url, customer, '1.00')).body['orderId']);
  const key = { 'Idempotency-Key': randomUUID() };
  const requestCancel = () => call(`${url}/orders/${cancelledSince}/cancel`, 'POST', undefined, key);
  expect((await requestCancel()).status).toBe(202);
  await eventually(async () => ((await stateOf(url, cancelledSince)) === 'CANCELLING' ? true : undefined));
  const decided = await order(url, await newCustomer(url, '10.00'));
  // No process may continue while the lock is removed.
  second.process.kill('SIGTERM');
  await second.exit;
  await sql.end().catch(() => undefined);
  for (const file of files) {
    rmSync(file, { force: true });
    if (existsSync(`${file}.backup`)) copyFileSync(`${file}.backup`, file);
  }

  const third = start(env);
  ends.push(() => third.process.kill('SIGKILL'));
  await ready(third);
  // With the environment of npm start only.
  const command = { ...env, TEMPORAL_CLI_PATH: '' };
  expect(await stateOf(url, waiting)).toBe('PENDING');
  expect(await stateOf(url, cancelledSince)).toBe('CANCELLING');
  expect(subjects(await audit(command))).toEqual([waiting, cancelledSince].sort());
  expect(await repaired(command)).toEqual([]);
  for (const orderId of [done, waiting, decided]) expect(await stateOf(url, orderId)).toBe('APPROVED');
  expect(await stateOf(url, cancelledSince)).toBe('CANCELLED');
  expect((await requestCancel()).status).toBe(200);
  third.process.kill('SIGTERM');
  expect(await third.exit).toBe(0);
}, 240_000);

function adminUrl(dataDir: string, port: string): string {
  const password = readFileSync(path.join(dataDir, 'postgres.password'), 'utf8');
  return `postgres://postgres:${password}@127.0.0.1:${port}/customers`;
}
