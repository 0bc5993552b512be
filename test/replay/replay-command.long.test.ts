/** `npm run replay` as somebody runs it on files: what it answers, and the exit code by which a CI server decides. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { CORPUS } from '../../ops/replay/corpus';
import { HistoryFiles, RECORDED, recordedAs, RUN } from '../support/history-files';
import { operatorCommand } from '../support/operator-command';
import { ROOT } from '../support/start';

const files = new HistoryFiles();

const replay = (...args: readonly string[]) => operatorCommand('replay', args);

test('a divergence: its place in terms of the saga, the workflows, the remedy; exit code 1', async () => {
  const diverging = [files.diverging('one'), files.diverging('two')];
  const junit = files.pathOf('junit.xml');
  const asked = [...diverging, path.join(CORPUS, 'distributed-approved.json')];
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

test('the same report as JSON', async () => {
  const { code, stdout } = await replay('--history', files.diverging('one'), '--json');
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

test('a source that fails later: the earlier findings are reported, and decide the exit code', async () => {
  const junit = files.pathOf('early.xml');
  const { code, stdout, stderr } = await replay(
    '--history',
    files.diverging('one'),
    '/nowhere.json',
    '--junit',
    junit,
  );
  expect(stdout).toContain('1 history: 0 replayed, 1 diverged');
  expect(stderr).toContain('it ended early, what follows is not decided: /nowhere.json is no history');
  expect(readFileSync(junit, 'utf8')).toContain('failures="1"');
  expect(code).toBe(1);
});

test('a report file that cannot be written: the result is printed, and exit code 2', async () => {
  const file = files.written('fine.json', recordedAs('fine'));
  const { code, stdout, stderr } = await replay('--history', file, '--junit', path.join(file, 'junit.xml'));
  expect(stdout).toContain('1 history: 1 replayed, 0 diverged');
  expect(stderr).toContain('failed to write the JUnit report');
  expect(code).toBe(2);
});

test('a workflow of another type cannot be judged: no divergence, and exit code 2', async () => {
  const other = files.written('other.json', recordedAs('other').replace('"createOrderSaga"', '"shipOrder"'));
  const fine = files.written('fine.json', recordedAs('fine'));
  const { code, stdout } = await replay('--history', other, fine);
  expect(stdout).toContain('1 history: 1 replayed, 0 diverged');
  expect(stdout).toContain('not decided: a workflow of type shipOrder, which is none of this code');
  expect(stdout).toContain(`in 1: other/${RUN}`);
  expect(code).toBe(2);
});

test('a saga that no worker has seen yet', async () => {
  const begun = JSON.parse(readFileSync(RECORDED, 'utf8')) as {
    events: unknown[];
  };
  const file = files.pathOf('begun.json');
  writeFileSync(file, JSON.stringify({ events: begun.events.slice(0, 2) }));
  const { code, stdout } = await replay('--history', file);
  expect(stdout).toContain('1 history: 1 replayed');
  expect(code).toBe(0);
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
])('%s: reported, and exit code 2', async (_name, args, words) => {
  const { code, stderr } = await replay(...args);
  expect(stderr).toContain(words);
  expect(code).toBe(2);
});
