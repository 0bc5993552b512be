/** Sessions of Postgres have the settings that the code relies on, whatever the server, the role or the shell says. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { connectClient, createPool, prepareSession, withClient } from '../../platform/postgres-session';
import { createOrderDatabase } from '../../prisma/order/client';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';

let databases: TestDatabases;
const environment = { ...process.env };

beforeAll(async () => {
  databases = await createTestDatabases();
});
afterEach(async () => {
  process.env = { ...environment };
  await alterRole('RESET ALL');
});
afterAll(() => databases.drop());

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

/** Of the role in this database alone: other tests have the same role. */
function alterRole(change: string): Promise<unknown> {
  const { orderUrl, adminOrderUrl } = databases;
  return rowsOf(adminOrderUrl, `ALTER ROLE order_service IN DATABASE ${nameOf(orderUrl)} ${change}`);
}

const inherit = (setting: string, value: string) => alterRole(`SET ${setting} = ${value}`);

const INHERITED: readonly [setting: string, inherited: string, stated: string][] = [
  ['TimeZone', `'America/New_York'`, 'UTC'],
  ['DateStyle', `'SQL, DMY'`, 'ISO, MDY'],
  ['IntervalStyle', `'iso_8601'`, 'postgres'],
  ['search_path', `'elsewhere'`, 'public'],
  ['statement_timeout', `'7ms'`, '5s'],
  ['lock_timeout', `'7ms'`, '0'],
  ['idle_in_transaction_session_timeout', `'7ms'`, '0'],
  ['idle_session_timeout', `'70ms'`, '0'],
  ['transaction_timeout', `'70ms'`, '0'],
  ['default_transaction_isolation', `'serializable'`, 'read committed'],
  ['default_transaction_read_only', 'on', 'off'],
  ['default_transaction_deferrable', 'on', 'off'],
  ['synchronous_commit', 'off', 'on'],
  ['bytea_output', `'escape'`, 'hex'],
  ['extra_float_digits', '-15', '1'],
  ['array_nulls', 'off', 'on'],
  ['standard_conforming_strings', 'off', 'on'],
  ['transform_null_equals', 'on', 'off'],
  ['client_encoding', `'latin1'`, 'UTF8'],
];

test.each(INHERITED)('a role with %s = %s: its sessions have %s', async (setting, value, stated) => {
  await inherit(setting, value);
  const pool = createPool(databases.orderUrl, 'order-service');
  try {
    const { rows } = await pool.query<{ value: string }>('SELECT current_setting($1) AS value', [setting]);
    expect(rows).toEqual([{ value: stated }]);
  } finally {
    await pool.end();
  }
});

test('options in the URL are kept, except those that the code relies on', async () => {
  const url = new URL(databases.orderUrl);
  url.searchParams.set('options', '-c work_mem=7MB -c TimeZone=Asia/Tokyo');
  const rows = await withClient(url.href, 'test', (client) =>
    client.query("SELECT current_setting('work_mem') AS memory, current_setting('TimeZone') AS zone"),
  );
  expect(rows.rows).toEqual([{ memory: '7MB', zone: 'UTC' }]);
});

test('a time is read and written as it is, and an array keeps its nulls', async () => {
  await inherit('TimeZone', `'Asia/Kathmandu'`);
  await inherit('DateStyle', `'Postgres, DMY'`);
  await inherit('array_nulls', 'off');
  const db = createOrderDatabase(databases.orderUrl);
  const at = new Date('2026-07-03T12:34:56.789Z');
  try {
    const [row] = await db.$queryRaw<object[]>`
      SELECT ${at}::timestamptz AS at, extract(epoch FROM ${at}::timestamptz)::double precision AS seconds,
        array_position(${['a', null]}::text[], NULL) AS null_at`;
    expect(row).toEqual({ at, seconds: at.getTime() / 1_000, null_at: 2 });
  } finally {
    await db.$disconnect();
  }
});

test.each([
  ['PGSSLMODE', 'require'],
  ['PGSSLNEGOTIATION', 'direct'],
  ['PGHOST', '/nowhere'],
  ['PGPORT', '1'],
  ['PGUSER', 'nobody'],
  ['PGPASSWORD', 'wrong'],
  ['PGPASSFILE', '/nowhere'],
  ['PGDATABASE', 'nowhere'],
  ['PGOPTIONS', '-c TimeZone=Asia/Tokyo'],
  ['PGAPPNAME', 'shell'],
  ['PGCLIENT_ENCODING', 'latin1'],
  ['PGREPLICATION', 'database'],
  ['PGTZ', 'Asia/Tokyo'],
  ['PGDATESTYLE', 'SQL, DMY'],
  ['TZ', 'America/New_York'],
])('%s=%s in the shell changes nothing', async (variable, value) => {
  process.env[variable] = value;
  const client = await connectClient(databases.orderUrl, 'test');
  try {
    const { rows } = await client.query<Record<string, unknown>>(
      `SELECT current_database() AS db, current_user AS role, current_setting('application_name') AS app,
         current_setting('TimeZone') AS zone, current_setting('DateStyle') AS style, current_setting('client_encoding') AS encoding`,
    );
    expect(rows).toEqual([
      {
        ...{ db: nameOf(databases.orderUrl), role: 'order_service', app: 'test' },
        ...{ zone: 'UTC', style: 'ISO, MDY', encoding: 'UTF8' },
      },
    ]);
  } finally {
    await client.end();
  }
});

test('PGPASSWORD does not replace a password that the URL lacks', async () => {
  const url = new URL(databases.orderUrl);
  process.env['PGPASSWORD'] = url.password;
  url.password = '';
  await expect(connectClient(url.href, 'test')).rejects.toThrow(/password must be a non-empty string/);
});

test('a pooler that drops the start-up options is an error that says so', async () => {
  const pooled = new Client({
    connectionString: databases.orderUrl,
    options: '-c TimeZone=America/New_York',
  });
  await pooled.connect();
  try {
    await expect(prepareSession(pooled)).rejects.toThrow(
      /TimeZone America\/New_York.*a pooler drops the start-up options; connect to Postgres directly/,
    );
  } finally {
    await pooled.end();
  }
});
