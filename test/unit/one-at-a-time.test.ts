/** What two processes must not do at once, they do one after the other, also when the one that does it is killed. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/start';

/**
 * Writes when it enters and leaves, and stays inside for a moment, or is killed there. All processes write to one file:
 * what they print reaches this process over several pipes, whose order says nothing.
 */
const ENTERS = `
  const { appendFileSync } = require('node:fs');
  const [name, file, killed] = process.argv.slice(1);
  require('./tools/local/one-at-a-time.cjs').oneAtATime(name, async () => {
    appendFileSync(file, 'in ');
    await new Promise((resolve) => setTimeout(resolve, 100));
    appendFileSync(file, 'out ');
    if (killed) process.kill(process.pid, 'SIGKILL');
  });`;

async function enter(name: string, file: string, killed: boolean): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, ['-e', ENTERS, name, file, ...(killed ? ['killed'] : [])], {
    cwd: ROOT,
  });
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return signal;
}

test('four processes, one of which is killed inside', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'order-saga-'));
  const [name, file] = [randomUUID(), path.join(folder, 'log')];
  const signals = await Promise.all([0, 1, 2, 3].map((process) => enter(name, file, process === 1)));
  expect(signals).toEqual([null, 'SIGKILL', null, null]);
  expect(readFileSync(file, 'utf8')).toBe('in out in out in out in out ');
  rmSync(folder, { recursive: true });
}, 30_000);
