/** docs/failure-modes.md names tests that there are. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/start';

test('each row names a test that exists', () => {
  const text = readFileSync(path.join(ROOT, 'docs/failure-modes.md'), 'utf8');
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2);
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    const named = [...row.matchAll(/\]\(\.\.\/(test\/[^)]+)\)/g)].map(([, file = '']) => file);
    expect([row, named.length]).not.toEqual([row, 0]);
    for (const file of named) expect([file, existsSync(path.join(ROOT, file))]).toEqual([file, true]);
  }
});
