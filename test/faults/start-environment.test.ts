/** `npm start` in a shell whose variables would change what Postgres, Temporal, node-postgres or `ps` do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { scratchFolder } from '../../tools/local/scratch-postgres';
import { newCustomer, placeOrder, WAIT } from '../support/http';
import { usersOf } from '../support/leftovers';
import { freePort } from '../../tools/local/free-port';
import { freePorts, ready, ROOT, scratch, start, type StartedProcess } from '../support/start';

/** Nine processes start on a busy machine. */
const READY_WITHIN_MS = 150_000;

const NOWHERE = 'http://127.0.0.1:1';

const SHELL = {
  ...{ TZ: 'America/New_York', PGTZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8', LC_ALL: 'xx_XX.nonsense' },
  ...{ PGSSLMODE: 'require', PGSSLROOTCERT: '/nowhere', PGHOST: '/nowhere', PGPORT: '1', PGUSER: 'nobody' },
  ...{ PGPASSWORD: 'wrong', PGDATABASE: 'nowhere', PGSERVICE: 'nowhere', PGDATA: '/nowhere' },
  ...{ PGOPTIONS: '-c nonsense=1', PGTARGETSESSIONATTRS: 'read-only', PGAPPNAME: 'shell' },
  ...{ TEMPORAL_TLS: 'true', TEMPORAL_API_KEY: 'wrong', TEMPORAL_TLS_SERVER_NAME: 'nowhere' },
  ...{ http_proxy: NOWHERE, https_proxy: NOWHERE, grpc_proxy: NOWHERE, all_proxy: NOWHERE },
};

let running: StartedProcess | undefined;
const data = scratch();
afterEach(async () => {
  running?.process.kill('SIGTERM');
  await running?.exit;
  data.remove();
});

async function startIn(shell: Record<string, string>, command: string) {
  const env = { ...shell, ...(await freePorts()), DATA_DIR: data.folder };
  running = start(env, command);
  await ready(running, READY_WITHIN_MS);
  return { started: running, env, url: `http://127.0.0.1:${env.PORT}` };
}

/** Hours by which the order's time differs from now. */
const hoursOff = (time: unknown) => Math.round(Math.abs(Date.parse(String(time)) - Date.now()) / 3_600_000);

test.each(['start', 'start:distributed'])(
  'npm run %s: orders are approved, and their times are right',
  async (command) => {
    const { started, url } = await startIn(SHELL, command);
    const customer = await newCustomer(url, '5.00');
    const { body } = await placeOrder(url, customer, '1.00', WAIT);
    expect(body).toMatchObject({ state: 'APPROVED' });
    expect([hoursOff(body['createdAt']), hoursOff(body['updatedAt'])]).toEqual([0, 0]);
    started.process.kill('SIGTERM');
    expect(await started.exit).toBe(0);
    expect(usersOf(data.folder)).toEqual([]);
  },
  180_000,
);

test('another shell sees the start that runs, and its commands work', async () => {
  const { env } = await startIn({ TZ: 'Asia/Tokyo' }, 'start');
  const again = start({ ...env, ...SHELL });
  expect(await again.exit).toBe(1);
  expect(again.output()).toContain(`npm start already runs on ${data.folder}`);
  const audit = start({ ...env, ...SHELL }, 'audit');
  expect([await audit.exit, audit.output()]).toEqual([
    0,
    expect.stringMatching(/^1\. a customer's reserved credit .* +0$/m),
  ]);
}, 180_000);

/** Prints the failure of a Postgres that listens where nobody looks for it, and stays. */
const STARTS_UNREACHABLE = `
  const { FOLDER: folder, PORT: port } = process.env;
  require('./dist/tools/local/postgres').startPostgres(folder, Number(port), ['-c', 'listen_addresses=127.0.0.2'])
    .catch((error) => console.log(error.message));
  process.stdin.resume();`;

test('a Postgres that does not become ready is stopped, and the reason is one line', async () => {
  const folder = scratchFolder();
  const env = { ...process.env, FOLDER: folder, PORT: String(await freePort()) };
  const child = spawn(process.execPath, ['-e', STARTS_UNREACHABLE], { cwd: ROOT, env });
  try {
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    expect(printed.toString()).toMatch(
      /^Postgres was not ready in 30 s \(connect ECONNREFUSED .*\); see .*\n$/,
    );
    expect(usersOf(folder)).toEqual([]);
  } finally {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}, 90_000);
