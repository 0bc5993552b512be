/** Any number of processes may provision and migrate at once, and on a server with any defaults. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { databaseUrl } from '../../prisma/provision';
import { SERVICE_NAMES } from '../../prisma/schema-engine';
import { rowsOf } from '../support/databases';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';

const AT_ONCE = 4;
const ROUNDS = 2;

const { adminUrl } = testServers();
const suffixes: string[] = [];
let suffix: string;

beforeEach(() => {
  suffix = randomBytes(4).toString('hex');
  suffixes.push(suffix);
});
afterAll(async () => {
  for (const each of suffixes.flatMap((end) => SERVICE_NAMES.map((service) => `${service}_${end}`))) {
    await rowsOf(adminUrl, `DROP DATABASE IF EXISTS ${each} WITH (FORCE)`);
    await rowsOf(adminUrl, `DROP ROLE IF EXISTS ${each}_owner, ${each}_service`);
  }
});

const VARIABLES = {
  order: 'ORDER_DATABASE',
  customer: 'CUSTOMER_DATABASE',
  history: 'ORDER_HISTORY_DATABASE',
};

function urlOf(service: keyof typeof VARIABLES, role: 'owner' | 'service'): string {
  const name = `${service}_${suffix}`;
  return databaseUrl(adminUrl, name, `${name}_${role}`, 'test');
}

/** `node dist/prisma/main.js`, as a deployment runs it. @returns exit code and output */
function migrate(env: Record<string, string> = {}): Promise<{ code: number; printed: string }> {
  const urls = SERVICE_NAMES.flatMap((service): [string, string][] => [
    [`${VARIABLES[service]}_URL`, urlOf(service, 'service')],
    [`${VARIABLES[service]}_OWNER_URL`, urlOf(service, 'owner')],
  ]);
  const all: NodeJS.ProcessEnv = {
    ...{ PATH: process.env['PATH'], DATABASE_ADMIN_URL: adminUrl },
    ...Object.fromEntries(urls),
    ...env,
  };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['dist/prisma/main.js'],
      { cwd: ROOT, env: all },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? 1, printed: stdout + stderr });
      },
    );
  });
}

const DONE = { code: 0, printed: 'order: up to date\ncustomer: up to date\nhistory: up to date\n' };

const together = () => Promise.all(Array.from({ length: AT_ONCE }, () => migrate()));

test.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
  'round %i: four at once on an empty server, and on the one that they have provisioned',
  async () => {
    const all = Array.from({ length: AT_ONCE }, () => DONE);
    expect(await together()).toEqual(all);
    expect(await together()).toEqual(all);
  },
  120_000,
);

test('defaults of the server and the roles that would put the tables elsewhere, or stop the migrations', async () => {
  const owner = `order_${suffix}_owner`;
  const defaults = [
    `search_path = 'elsewhere'`,
    `default_transaction_read_only = 'on'`,
    `default_transaction_isolation = 'serializable'`,
    `statement_timeout = '1ms'`,
    `lock_timeout = '1ms'`,
    `idle_session_timeout = '1ms'`,
    `standard_conforming_strings = 'off'`,
  ];
  await rowsOf(adminUrl, `CREATE ROLE ${owner}`);
  for (const setting of defaults) await rowsOf(adminUrl, `ALTER ROLE ${owner} SET ${setting}`);
  expect(await migrate()).toEqual(DONE);
  const tables = await rowsOf(
    Object.assign(new URL(adminUrl), { pathname: `/order_${suffix}` }).href,
    "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('orders', 'outbox', '_prisma_migrations')",
  );
  expect(tables).toEqual([{ schemaname: 'public' }]);
}, 60_000);

test.each([
  ['DATABASE_ADMIN_URL', /^order: DATABASE_ADMIN_URL cannot provision it: .*ECONNREFUSED.*\n$/],
  ['ORDER_DATABASE_OWNER_URL', /^order: the migrations cannot be applied: .*ECONNREFUSED.*\n$/],
])('a %s that does not answer is one line that names it', async (variable, line) => {
  const away = Object.assign(new URL(urlOf('order', 'owner')), { port: '1' }).href;
  const admin = variable === 'DATABASE_ADMIN_URL' ? {} : { DATABASE_ADMIN_URL: '' };
  const { code, printed } = await migrate({ ...admin, [variable]: away });
  expect([code, printed]).toEqual([1, expect.stringMatching(line)]);
});

test('on a database of an earlier version it takes the right to write the migrations, and only that', async () => {
  expect(await migrate()).toEqual(DONE);
  const asAdmin = Object.assign(new URL(adminUrl), {
    pathname: new URL(urlOf('order', 'owner')).pathname,
  }).href;
  await rowsOf(asAdmin, `GRANT ALL ON _prisma_migrations TO order_${suffix}_service`);
  expect(await migrate()).toEqual(DONE);
  const write = rowsOf(urlOf('order', 'service'), 'UPDATE _prisma_migrations SET checksum = checksum');
  await expect(write).rejects.toThrow('permission denied for table _prisma_migrations');
  expect(await rowsOf(urlOf('order', 'service'), 'UPDATE orders SET version = version')).toEqual([]);
}, 120_000);
