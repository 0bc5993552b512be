/** What docs/changing-a-saga.md shows of the code is the code. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/start';
import { ATTENTION_FILE, GUARDS } from '../support/versions';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const doc = read('docs/changing-a-saga.md');

/** Without indentation, which is another in the class that it stands in. */
const linesOf = (text: string) => text.split('\n').map((line) => line.trim());

test('the lines of the worked example stand in the saga as they stand there', () => {
  const [, shown = ''] = /```ts\n([^`]+)```/.exec(doc) ?? [];
  expect(linesOf(shown)).toContain(GUARDS.patched);
  expect(linesOf(read(ATTENTION_FILE)).join('\n')).toContain(linesOf(shown).join('\n').trim());
});

test('the guard of each version is the one that its test builds', () => {
  const rows = Array.from(doc.matchAll(/^\| (before|patched|deprecated|removed) +\| ([^|]+) \|/gm));
  const guards = rows.map(([, version, guard = '']) => [version, /`([^`]+)`/.exec(guard)?.[1] ?? '']);
  expect(Object.fromEntries(guards)).toEqual(GUARDS);
});

test('each file that it names is there', () => {
  const named = Array.from(
    doc.matchAll(/`((?:workflows|test|operate)\/[\w/.-]+)`/g),
    ([, file = '']) => file,
  );
  expect(named.length).toBeGreaterThan(4);
  for (const file of named) expect([file, existsSync(path.join(ROOT, file))]).toEqual([file, true]);
});
