/** Each row of the OWASP table in docs/security.md names tests that exist. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../../platform/project-paths';

const document = readFileSync(path.join(ROOT, 'docs/security.md'), 'utf8');
const rows = document.split('\n').filter((line) => /^\| (10|[1-9]) /.test(line));

test('the table has the ten risks', () => {
  expect(rows.map((row) => Number(/^\| (\d+)/.exec(row)?.[1]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test.each(rows)('%s', (row) => {
  const tests = [...(row.split('|').at(-2) ?? '').matchAll(/`(test\/[^`]+)`/g)].map(([, name]) =>
    String(name),
  );
  expect(tests.length).toBeGreaterThan(0);
  for (const name of tests)
    expect([name, ['', '.test.ts'].some((end) => existsSync(path.join(ROOT, `${name}${end}`)))]).toEqual([
      name,
      true,
    ]);
});
