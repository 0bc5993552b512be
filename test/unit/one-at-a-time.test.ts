/** What two processes must not do at once, they do one after the other, also when the one that does it is killed. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/start';

/** Prints when it enters and leaves, and stays inside for a moment, or is killed there. */
const ENTERS = `
  const [name, killed] = process.argv.slice(1);
  require('./tools/local/one-at-a-time.cjs').oneAtATime(name, async () => {
    console.log('in');
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (killed) process.kill(process.pid, 'SIGKILL');
    console.log('out');
  });`;

async function enter(name: string, log: string[], killed = false): Promise<void> {
  const child = spawn(process.execPath, ['-e', ENTERS, name, ...(killed ? ['killed'] : [])], { cwd: ROOT });
  child.stdout.setEncoding('utf8').on('data', (text: string) => log.push(...text.trim().split('\n')));
  await once(child, 'close');
  if (killed) log.push('out');
}

test('four processes, one of which is killed inside', async () => {
  const [name, log]: [string, string[]] = [randomUUID(), []];
  await Promise.all([0, 1, 2, 3].map((process) => enter(name, log, process === 1)));
  expect(log).toEqual(['in', 'out', 'in', 'out', 'in', 'out', 'in', 'out']);
}, 30_000);
