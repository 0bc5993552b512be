/** The commands of the README work as they stand, pasted one after the other into one shell. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { call } from '../support/http';
import { ROOT } from '../support/start';
import { startSystem } from '../support/system';

const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** A line of its own between the outputs of two blocks, which no answer contains. */
const NEXT_BLOCK = '--- the next block ---';

/** The shell commands of one section. */
function commandsOf(heading: string): string[] {
  const [, section = ''] = README.split(new RegExp(`^## ${heading}$`, 'm'));
  const [own = ''] = section.split(/^## /m);
  return Array.from(own.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, lines = '']) => lines);
}

/** Runs the blocks in one shell, and ends it at the first command that fails. */
async function pasted(blocks: readonly string[], port: string): Promise<string[]> {
  const script = blocks.join(`\necho; echo '${NEXT_BLOCK}'\n`);
  const { stdout } = await promisify(execFile)('bash', ['-eu', '-o', 'pipefail', '-c', script], {
    env: { ...process.env, PORT: port },
  });
  return stdout.split(NEXT_BLOCK);
}

test('the first order is approved, and the cancellation cancels that order', async () => {
  const [first, cancellation] = [commandsOf('A first order'), commandsOf('Cancel an order')];
  expect([first.length, cancellation.length]).toEqual([1, 1]);
  const system = await startSystem();
  try {
    const outputs = await pasted([...first, ...cancellation], new URL(system.url).port);
    const [approved, cancelled] = outputs.map((output) => JSON.parse(output) as Record<string, unknown>);
    expect(approved).toMatchObject({
      orderTotal: { amount: '42.50', currency: 'USD' },
      state: 'APPROVED',
    });
    expect(cancelled).toMatchObject({
      orderId: approved?.['orderId'],
      state: 'CANCELLED',
      cancellationReason: 'CUSTOMER_REQUEST',
    });
    const { body } = await call(`${system.url}/customers/${String(approved?.['customerId'])}`, 'GET');
    expect(body).toMatchObject({ name: 'Ada', reserved: { amount: '0.00', currency: 'USD' } });
  } finally {
    await system.stop();
  }
});

test('the README has fewer than 150 lines', () => {
  expect(README.split('\n').length - 1).toBeLessThan(150);
});
