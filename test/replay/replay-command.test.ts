/** `npm run replay` as somebody runs it: what it answers, and the exit code by which a CI server decides. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CORPUS } from '../../operate/corpus';
import { ofFiles } from '../../operate/histories';
import { replay as replayAll } from '../../operate/replay';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { newCustomer, placeOrder, WAIT } from '../support/http';
import { holdCustomer } from '../support/outages';
import { operatorCommand } from '../support/operator-command';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';
import { startSystem, type TestSystem } from '../support/system';

let folder: string;

const bundle = () => ({ codePath: testServers().bundlePath });

beforeAll(() => {
  installTemporalRuntime(createLogger('silent'));
  folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-replay-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const replay = (...args: readonly string[]) => operatorCommand('replay', args);

/** A recorded history whose saga had a step that the code does not have. */
function diverging(name: string): string {
  const text = readFileSync(path.join(CORPUS, 'colocated-approved.json'), 'utf8');
  const renamed = text.replaceAll(/"data": "([^"]+)"/g, (whole, data: string) => {
    const said = Buffer.from(data, 'base64').toString();
    if (!said.includes('"activity_type":"reserveCredit"')) return whole;
    const other = said.replace('"activity_type":"reserveCredit"', '"activity_type":"checkFraud"');
    return `"data": "${Buffer.from(other).toString('base64')}"`;
  });
  const file = path.join(folder, `${name}.json`);
  writeFileSync(file, renamed);
  return file;
}

test('the recorded histories: all of them, by type and version, exit code 0', async () => {
  const { code, stdout, stderr } = await replay();
  expect(stdout).toMatch(/^(\d+) histories: \1 replayed, 0 diverged\n/);
  expect(stdout).toMatch(/^ {2}createOrderSaga, unversioned: \d+$/m);
  expect(stderr).toContain('replaying');
  expect(code).toBe(0);
});

test('a divergence: where, in the words of the saga, in which workflows, what to do; exit code 1', async () => {
  const files = [diverging('one'), diverging('two')];
  const junit = path.join(folder, 'junit.xml');
  const asked = [...files, path.join(CORPUS, 'distributed-approved.json')];
  const { code, stdout } = await replay('--history', ...asked, '--junit', junit);
  expect(stdout).toContain('3 histories: 1 replayed, 2 diverged');
  expect(stdout).toContain(
    'createOrderSaga: recorded: checkFraud; now: reserveCredit, after createPendingOrders\n  in 2: one, two\n',
  );
  expect(stdout).toContain('docs/changing-a-saga.md');
  expect(code).toBe(1);
  const report = readFileSync(junit, 'utf8');
  expect(report).toContain('tests="3" failures="2"');
  expect(report).toMatch(/testcase classname="createOrderSaga" name="one"/);
});

test('the same for a program', async () => {
  const { code, stdout } = await replay('--history', diverging('one'), '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    replayed: 1,
    failed: 1,
    kinds: [{ type: 'createOrderSaga', version: 'unversioned', replayed: 1, failed: 1 }],
    divergences: [
      {
        type: 'createOrderSaga',
        recorded: 'checkFraud',
        now: 'reserveCredit',
        after: 'createPendingOrders',
        workflowIds: ['one'],
      },
    ],
  });
  expect(code).toBe(1);
});

test.each([
  ['a file that is not there', ['--history', '/nowhere.json'], '/nowhere.json is no history'],
  ['a file that is no history', ['--history', path.join(ROOT, 'package.json')], 'package.json is no history'],
  ['a server that is away', ['--address', 'localhost:1'], 'Temporal at localhost:1 cannot be reached'],
  ['no server named', ['--limit', '5'], 'says which server'],
  ['a limit that is no number', ['--limit', 'many', '--address', 'localhost:1'], '--limit many'],
  ['a time that is none', ['--since', 'lately', '--address', 'localhost:1'], '--since lately'],
  ['an unknown option', ['--quickly'], '--quickly'],
  ['a word that means nothing', ['saga.json'], 'what is saga.json?'],
])('%s: said, and exit code 2', async (_name, args, words) => {
  const { code, stderr } = await replay(...args);
  expect(stderr).toContain(words);
  expect(code).toBe(2);
});

test('histories are read as they are replayed: few are in memory at a time', async () => {
  let read = 0;
  let most = 0;
  const many = function* () {
    for (const one of ofFiles(
      Array.from({ length: 100 }, () => path.join(CORPUS, 'colocated-approved.json')),
    )) {
      read += 1;
      yield { ...one, workflowId: `${one.workflowId}-${String(read)}` };
    }
  };
  let answered = 0;
  for await (const { divergence } of replayAll({ workflowBundle: bundle() }, many())) {
    expect(divergence).toBeUndefined();
    answered += 1;
    most = Math.max(most, read - answered);
  }
  expect(answered).toBe(100);
  expect(most).toBeLessThanOrEqual(3);
});

test('a saga that no worker has seen yet', async () => {
  const begun = JSON.parse(readFileSync(path.join(CORPUS, 'colocated-approved.json'), 'utf8')) as {
    events: unknown[];
  };
  const file = path.join(folder, 'begun.json');
  writeFileSync(file, JSON.stringify({ events: begun.events.slice(0, 2) }));
  const { code, stdout } = await replay('--history', file);
  expect(stdout).toContain('1 history: 1 replayed');
  expect(code).toBe(0);
});

describe('a running server', () => {
  let system: TestSystem;
  const server = () => {
    const { address, namespace } = testServers().temporal;
    return ['--address', address, '--namespace', namespace];
  };

  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  test('nothing there is not a success: exit code 2', async () => {
    const { code, stderr } = await replay(...server());
    expect(stderr).toContain('nothing was replayed');
    expect(code).toBe(2);
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
});
