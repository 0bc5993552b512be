/** `npm run replay` with the sagas of a running server, also by the lines for a CI in docs/changing-a-saga.md. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HistoryFiles } from '../support/history-files';
import { newCustomer, placeOrder, WAIT } from '../support/http';
import { operatorCommand } from '../support/operator-command';
import { holdCustomer } from '../support/outages';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';
import { startSystem, type TestSystem } from '../support/system';

const files = new HistoryFiles();

const replay = (...args: readonly string[]) => operatorCommand('replay', args);

let system: TestSystem;
const server = () => {
  const { address, namespace } = testServers().temporal;
  return ['--address', address, '--namespace', namespace];
};

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

test('no workflow at all is a failure, unless an option allows it', async () => {
  const { code, stderr } = await replay(...server());
  expect(stderr).toContain('nothing was replayed');
  expect(code).toBe(2);
  expect((await replay(...server(), '--allow-none')).code).toBe(0);
});

test('open and closed sagas, by query, since and limit', async () => {
  const customer = await newCustomer(system.url, '1000.00');
  for (let order = 0; order < 3; order++) await placeOrder(system.url, customer, '1.00', WAIT);
  const lock = await holdCustomer(system.databases.adminCustomerUrl, customer);
  try {
    await placeOrder(system.url, customer, '1.00');
    const total = async (...args: readonly string[]) => {
      const { code, stdout } = await replay(...server(), ...args, '--json');
      return { code, ...(JSON.parse(stdout) as object) };
    };
    expect(await total()).toMatchObject({ code: 0, replayed: 4, failed: 0 });
    expect(await total('--query', "ExecutionStatus = 'Running'")).toMatchObject({ code: 0, replayed: 1 });
    expect(await total('--limit', '2')).toMatchObject({ code: 0, replayed: 2 });
    expect(await total('--since', '1h')).toMatchObject({ code: 0, replayed: 4 });
    expect(await total('--since', '2099-01-01')).toMatchObject({ code: 2, replayed: 0 });
  } finally {
    await lock.release();
  }
});

test('an export of the Temporal CLI: with its own ids', async () => {
  const customer = await newCustomer(system.url, '10.00');
  const { body } = await placeOrder(system.url, customer, '1.00', WAIT);
  const saga = `order-${String(body['orderId'])}`;
  await system.client.workflow.getHandle(saga).result();
  const { address, namespace } = testServers().temporal;
  const cli = process.env['TEMPORAL_CLI_PATH'] ?? 'temporal';
  const of = ['--address', address, '--namespace', namespace, '--workflow-id', saga, '--output', 'json'];
  const { stdout: exported } = await promisify(execFile)(cli, ['workflow', 'show', ...of]);
  const broken = exported.replaceAll('createOrderSaga', 'shipOrder');
  const answer = await replay(
    '--history',
    files.written('export.json', exported),
    files.written('broken.json', broken),
    '--json',
  );
  const { runId } = await system.client.workflow.getHandle(saga).describe();
  expect(JSON.parse(answer.stdout)).toMatchObject({
    replayed: 1,
    failed: 0,
    undecided: [{ workflows: [{ workflowId: saga, runId }] }],
  });
});

/** What those lines answer, one after the other; each is exit code 0. */
let answersOfReadme: Promise<readonly { readonly stdout: string; readonly stderr: string }[]> | undefined;

async function runReadme() {
  const document = readFileSync(path.join(ROOT, 'docs/changing-a-saga.md'), 'utf8');
  const [, lines = ''] = /```sh\nexport TEMPORAL_ADDRESS=.*\n([^`]+)```/.exec(document) ?? [];
  const { address, namespace } = testServers().temporal;
  const answers = [];
  // The packages are here.
  for (const line of lines.trim().replace('npm ci\n', '').split('\n')) {
    const here = line.replaceAll('--junit ', `--junit ${files.pathOf('')}`);
    const script = `export TEMPORAL_ADDRESS=${address} TEMPORAL_NAMESPACE=${namespace}\n${here}`;
    answers.push(await promisify(execFile)('bash', ['-ec', script], { cwd: ROOT }));
  }
  return answers;
}

/** What npm says of the command that it runs. */
const BANNER = /^(\n|> .*\n)*/;

test('the lines for a CI in docs/changing-a-saga.md, as they stand', async () => {
  const answers = await (answersOfReadme ??= runReadme());
  expect(answers.map(({ stdout }) => stdout.match(/0 diverged/g)?.length)).toEqual([1, 1, 1]);
});

test('the recorded histories: all of them, by type and version, exit code 0', async () => {
  const [recorded] = await (answersOfReadme ??= runReadme());
  const answer = recorded?.stdout.replace(BANNER, '');
  expect(answer).toMatch(/^(\d+) histories: \1 replayed, 0 diverged\n/);
  expect(answer).toMatch(/^ {2}createOrderSaga, bundle [0-9a-f]{12}: \d+$/m);
  expect(recorded?.stderr).toContain('replaying');
});
