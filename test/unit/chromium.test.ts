/** The browser of `npm run screenshot` is found, or one line says how to get it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { chromiumPath } from '../../tools/screenshot/chromium';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-chromium-'));
  writeFileSync(path.join(folder, 'chromium'), '', { mode: 0o755 });
  writeFileSync(path.join(folder, 'plain'), '', { mode: 0o644 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it is found on PATH, in any folder', () => {
  const PATH = ['/nonexistent', folder].join(path.delimiter);
  expect(chromiumPath({ PATH })).toBe(path.join(folder, 'chromium'));
});

test('CHROMIUM_PATH goes before PATH', () => {
  const CHROMIUM_PATH = path.join(folder, 'chromium');
  expect(chromiumPath({ CHROMIUM_PATH, PATH: '/nonexistent' })).toBe(CHROMIUM_PATH);
});

const NOT_INSTALLED = /^Chromium is not installed; .*apt-get install chromium.*CHROMIUM_PATH.*$/;

test.each([
  ['none is installed', () => ({ PATH: '/nonexistent' }), NOT_INSTALLED],
  ['there is no PATH', () => ({}), NOT_INSTALLED],
  [
    'CHROMIUM_PATH does not exist',
    () => ({ CHROMIUM_PATH: '/nonexistent/chromium' }),
    /^CHROMIUM_PATH is \/nonexistent\/chromium, .*$/,
  ],
  [
    'CHROMIUM_PATH is not executable',
    () => ({ CHROMIUM_PATH: path.join(folder, 'plain') }),
    /^CHROMIUM_PATH is .*plain, which cannot be run.*$/,
  ],
])('one line says what to do when %s', (_case, env, line) => {
  expect(() => chromiumPath(env())).toThrow(line);
});
