/**
 * Every npm script: `--help`, and one line for arguments and settings that are wrong and for servers that are away.
 * Concurrent, because each test is a process that loads its modules.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { COMMANDS } from '../../tools/local/commands.mjs';
import { type CommandAnswer, NOTHING_ELSE } from '../support/operator-command';
import { ROOT } from '../support/start';

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')));
const NAMES = Object.keys(scripts);

/** Port 1 refuses connections. */
const AWAY = 'postgres://a:secret@127.0.0.1:1/x';
const ALL_AWAY = {
  ORDER_DATABASE_URL: AWAY,
  CUSTOMER_DATABASE_URL: AWAY,
  ORDER_HISTORY_DATABASE_URL: AWAY,
  TEMPORAL_ADDRESS: '127.0.0.1:1',
};

function run(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandAnswer> {
  const command = COMMANDS[name];
  if (!command) throw new RangeError(`tools/local/commands.mjs has no ${name}`);
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [path.join(ROOT, 'dist', command.script), ...(command.args ?? []), ...args],
      { cwd: ROOT, env: { ...NOTHING_ELSE, ...env } },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
  });
}

function expectOneLine({ stdout, stderr }: CommandAnswer, words: string | RegExp): void {
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr).toMatch(words);
  expect(stderr).not.toContain('secret');
  expect(stdout).toBe('');
}

test('each npm script runs a command of the table', () => {
  expect(NAMES.toSorted()).toEqual(Object.keys(COMMANDS).toSorted());
  for (const [name, script] of Object.entries(scripts))
    expect(script).toMatch(new RegExp(`^(exec )?node tools/local/run\\.mjs ${name}$`));
});

test.concurrent.each(NAMES)('%s: --help shows the usage', async (name) => {
  const { code, stdout, stderr } = await run(name, ['--help']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`);
});

test.concurrent.each(NAMES)('%s: an unknown option is one line, and exit code 2', async (name) => {
  const answer = await run(name, ['--unheard-of'], ALL_AWAY);
  expectOneLine(answer, /unheard-of/);
  expect(answer.code).toBe(2);
});

test.concurrent.each([
  ['bench', ['--rounds', '0'], '--rounds 0 is not a positive whole number'],
  ['bench', ['audit', '--orders', '99'], '--orders of an audit must be at least'],
  ['bench', ['readings'], 'unexpected argument readings'],
  ['faults', ['--minutes', 'abc'], '--minutes abc is not a number'],
  ['faults', ['--orders=-1'], '--orders -1 is not a whole number'],
  ['faults', ['--placement', 'apart'], '--placement apart is not distributed or colocated'],
  ['simulate', ['--minutes', ''], '--minutes  is not a number'],
  ['simulate', ['--seed', '1.5'], '--seed 1.5 is not a whole number'],
  ['check', ['typos'], 'unexpected argument typos: the checks are lint, types'],
  ['start', ['now'], 'unexpected argument now'],
  ['replay', ['--junit'], "'--junit <value>' argument missing"],
  ['audit', ['--grace', 'x'], '--grace x is not a number'],
  ['repair', ['--grace', '-1'], '--grace'],
  ['parked', ['--order', '5'], "--order 5 is not an order's id"],
])('%s %j is one line, and exit code 2', async (name, args, words) => {
  const answer = await run(name, args, ALL_AWAY);
  expectOneLine(answer, words);
  expect(answer.code).toBe(2);
});

test.concurrent.each(['repair', 'rebuild-view'])('%s without a system: one line', async (name) => {
  const answer = await run(name, []);
  expectOneLine(answer, 'run npm start first, or set ');
  expect(answer.code).toBe(COMMANDS[name]?.failure ?? 1);
});

test.concurrent.each([
  ['repair', []],
  ['rebuild-view', []],
])('%s when its servers are away: one line', async (name, args) => {
  const answer = await run(name, args, { ...ALL_AWAY, PORT: '1' });
  expectOneLine(answer, /cannot be (reached|used)|Can't reach|cannot reach/);
  expect(answer.code).toBe(COMMANDS[name]?.failure ?? 1);
});

test.concurrent.each(['parked', 'rebuild-view', 'replay', 'start'])(
  '%s with a codec that does not exist: one line',
  async (name) => {
    const answer = await run(name, [], { PAYLOAD_CODEC_PATH: '/nowhere/codec.js' });
    expectOneLine(answer, /PAYLOAD_CODEC_PATH: \/nowhere\/codec\.js cannot be loaded/);
    expect(answer.code).toBe(COMMANDS[name]?.failure ?? 1);
  },
);
