/** `npm run replay` as somebody runs it: what it answers, and the exit code by which a CI server decides. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CORPUS } from '../../ops/replay/corpus';
import { ofFiles, ofServer, type ServerHistories } from '../../ops/replay/history-sources';
import { replay as replayAll } from '../../ops/replay/replay';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { eventually, newCustomer, placeOrder, WAIT } from '../support/http';
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

const APPROVED = readFileSync(path.join(CORPUS, 'colocated-approved.json'), 'utf8');

/** Of the recorded history that the tests make theirs of. */
const [, RUN = ''] = /"originalExecutionRunId": "([^"]+)"/.exec(APPROVED) ?? [];

const replay = (...args: readonly string[]) => operatorCommand('replay', args);

/** A recorded history under another workflow id, whose saga had a step that the code does not have. */
function diverging(name: string): string {
  const text = recordedAs(name);
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

/** A recorded history as it is, under another workflow id. */
const recordedAs = (name: string): string =>
  APPROVED.replace(/"workflowId": "[^"]+"/, `"workflowId": "${name}"`);

function written(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

test('the recorded histories: all of them, by type and version, exit code 0', async () => {
  const { code, stdout, stderr } = await replay();
  expect(stdout).toMatch(/^(\d+) histories: \1 replayed, 0 diverged\n/);
  expect(stdout).toMatch(/^ {2}createOrderSaga, bundle [0-9a-f]{12}: \d+$/m);
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
    `createOrderSaga: recorded: checkFraud; now: reserveCredit, after createPendingOrders\n  in 2: one/${RUN}, two/${RUN}\n`,
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
    kinds: [{ type: 'createOrderSaga', replayed: 1, failed: 1 }],
    divergences: [
      {
        type: 'createOrderSaga',
        recorded: 'checkFraud',
        now: 'reserveCredit',
        after: 'createPendingOrders',
        workflows: [{ workflowId: 'one', runId: RUN }],
      },
    ],
  });
  expect(code).toBe(1);
});

test('a source that fails later: what was found before is told all the same, and decides', async () => {
  const junit = path.join(folder, 'early.xml');
  const { code, stdout, stderr } = await replay(
    '--history',
    diverging('one'),
    '/nowhere.json',
    '--junit',
    junit,
  );
  expect(stdout).toContain('1 history: 0 replayed, 1 diverged');
  expect(stderr).toContain('it ended early, what follows is not decided: /nowhere.json is no history');
  expect(readFileSync(junit, 'utf8')).toContain('failures="1"');
  expect(code).toBe(1);
});

test('a report that cannot be written: the answer is told, and exit code 2', async () => {
  const file = written('fine.json', recordedAs('fine'));
  const { code, stdout, stderr } = await replay('--history', file, '--junit', path.join(file, 'junit.xml'));
  expect(stdout).toContain('1 history: 1 replayed, 0 diverged');
  expect(stderr).toContain('failed to write the JUnit report');
  expect(code).toBe(2);
});

test('a workflow of another type is not decided: no divergence, and exit code 2', async () => {
  const other = written('other.json', recordedAs('other').replace('"createOrderSaga"', '"shipOrder"'));
  const fine = written('fine.json', recordedAs('fine'));
  const { code, stdout } = await replay('--history', other, fine);
  expect(stdout).toContain('1 history: 1 replayed, 0 diverged');
  expect(stdout).toContain('not decided: a workflow of type shipOrder, which is none of this code');
  expect(stdout).toContain(`in 1: other/${RUN}`);
  expect(code).toBe(2);
});

test('many that diverge are told as one way', async () => {
  const [history] = [...ofFiles([diverging('many')])];
  const many = Array.from({ length: 50 }, (_, index) => ({
    workflowId: `order-${String(index)}`,
    history: history?.history,
  }));
  const ways = new Map<string, number>();
  for await (const { divergence } of replayAll({ workflowBundle: bundle() }, many)) {
    const way = `${String(divergence?.recorded)} ${String(divergence?.now)}`;
    ways.set(way, (ways.get(way) ?? 0) + 1);
  }
  expect([...ways]).toEqual([['checkFraud reserveCredit', 50]]);
});

test.each([
  ['a file that is not there', ['--history', '/nowhere.json'], '/nowhere.json is no history'],
  ['a file that is no history', ['--history', path.join(ROOT, 'package.json')], 'package.json is no history'],
  ['a server that is away', ['--address', 'localhost:1'], 'Temporal at localhost:1 cannot be reached'],
  ['no server named', ['--limit', '5'], 'no server: set --address'],
  ['a limit that is no number', ['--limit', 'many', '--address', 'localhost:1'], '--limit many'],
  ['a time that is none', ['--since', 'lately', '--address', 'localhost:1'], '--since lately'],
  ['an unknown option', ['--quickly'], '--quickly'],
  ['a word that means nothing', ['saga.json'], 'unexpected argument saga.json'],
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

  test('nothing there is not a success, unless it is said to be one', async () => {
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

  test('few are downloaded before they are asked for, none beyond the limit; one that is gone ends nothing', async () => {
    const customer = await newCustomer(system.url, '1000.00');
    const placed = new Set<string>();
    while (placed.size < 20) {
      const { body } = await placeOrder(system.url, customer, '1.00', WAIT);
      placed.add(`order-${String(body['orderId'])}`);
    }
    const query = 'WorkflowType = "createOrderSaga"';
    const { client } = system;
    await eventually(async () => ((await client.workflow.count(query)).count >= 20 ? true : undefined));
    let downloads = 0;
    const counted = (withOneGone: boolean): ServerHistories['client'] => ({
      workflow: {
        list: (options) => {
          const listed = client.workflow.list(options);
          return withOneGone
            ? Object.assign(Object.create(listed) as typeof listed, afterOneGone(listed))
            : listed;
        },
        getHandle: (workflowId, runId) => {
          downloads += 1;
          return client.workflow.getHandle(workflowId, runId);
        },
      },
    });
    let read = 0;
    for await (const { workflowId } of ofServer({ client: counted(false), query, limit: Infinity })) {
      expect(workflowId).toMatch(/^order/);
      read += 1;
      // Who reads slowly: meanwhile much more could be downloaded.
      await client.workflow.count(query);
      expect(downloads - read).toBeLessThanOrEqual(5);
    }
    expect(read).toBeGreaterThanOrEqual(20);

    downloads = 0;
    const limited: string[] = [];
    const gone: string[] = [];
    const onGone = (workflowId: string) => {
      gone.push(workflowId);
    };
    for await (const { workflowId } of ofServer({ client: counted(true), query, limit: 3, onGone }))
      limited.push(workflowId);
    expect([limited.length, gone, downloads]).toEqual([3, [GONE], 4]);
  });

  test('an export of the Temporal CLI: under its own ids', async () => {
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
      written('export.json', exported),
      written('broken.json', broken),
      '--json',
    );
    const { runId } = await system.client.workflow.getHandle(saga).describe();
    expect(JSON.parse(answer.stdout)).toMatchObject({
      replayed: 1,
      failed: 0,
      undecided: [{ workflows: [{ workflowId: saga, runId }] }],
    });
  });

  test('the lines for a CI in docs/changing-a-saga.md, as they stand', async () => {
    const document = readFileSync(path.join(ROOT, 'docs/changing-a-saga.md'), 'utf8');
    const [, lines = ''] = /```sh\n(export TEMPORAL_ADDRESS=[^`]+)```/.exec(document) ?? [];
    expect(lines.match(/^npm run replay/gm)).toHaveLength(3);
    const { address, namespace } = testServers().temporal;
    const here = lines
      .replace(/^export .*$/m, `export TEMPORAL_ADDRESS=${address} TEMPORAL_NAMESPACE=${namespace}`)
      // The packages are here.
      .replace('npm ci\n', '');
    const script = here.replaceAll('--junit ', `--junit ${folder}/`);
    const { stdout } = await promisify(execFile)('bash', ['-ec', script], { cwd: ROOT });
    expect(stdout.match(/0 diverged/g)).toHaveLength(3);
  });
});

/** Listed a moment ago, and deleted since. */
const GONE = 'order-that-is-gone';

function afterOneGone(listed: ReturnType<TestSystem['client']['workflow']['list']>) {
  return {
    async *[Symbol.asyncIterator]() {
      for await (const one of listed) {
        yield { ...one, workflowId: GONE, runId: randomUUID() };
        yield one;
        break;
      }
      yield* listed;
    },
  };
}
