import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { freePort } from '../../tools/local/free-port';
import { ROOT } from '../support/start';
import { startSystem } from '../support/system';

const demo = (port: string) =>
  promisify(execFile)(process.execPath, ['dist/tools/local/demo.js'], {
    cwd: ROOT,
    env: { ...process.env, PORT: port },
  });

test('the demo prints the outcome of each order, with a link to its saga', async () => {
  const system = await startSystem();
  const { stdout } = await demo(new URL(system.url).port);
  const rows = stdout.split('\n').filter((line) => line.includes('/workflows/order-'));
  expect(rows).toHaveLength(6);
  expect(rows.map((row) => /APPROVED|INSUFFICIENT_CREDIT|UNKNOWN_CUSTOMER/.exec(row)?.[0])).toEqual([
    'APPROVED',
    'APPROVED',
    'INSUFFICIENT_CREDIT',
    'INSUFFICIENT_CREDIT',
    'APPROVED',
    'UNKNOWN_CUSTOMER',
  ]);
  await system.stop();
});

test('without a running system it prints one line with what it needs', async () => {
  const port = String(await freePort());
  await expect(demo(port)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^The demo cannot reach the API; run npm start, or set PORT: .*ECONNREFUSED.*\n$/,
    ),
  });
});
