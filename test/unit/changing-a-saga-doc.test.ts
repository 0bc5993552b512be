/** What docs/changing-a-saga.md shows of the code is the code, or what its rehearsal makes of it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/start';
import {
  BEHIND,
  CONTRACTS_FILE,
  GUARDS,
  NEW_CONTRACT,
  NEW_STEP,
  SAGA_FILE,
  STEPS_FILE,
} from '../support/workflow-versions';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const doc = read('docs/changing-a-saga.md');

/** Without line breaks and indentation, which are others in the function that the lines stand in. */
const flat = (text: string) => text.replace(/\s+/g, ' ').trim();

test('the worked example matches what its test builds, and its context matches the saga', () => {
  const shown = Array.from(doc.matchAll(/```ts\n([^`]+)```/g), ([, code = '']) => flat(code));
  expect(shown).toEqual([NEW_CONTRACT, NEW_STEP, `${GUARDS.patched}\n${BEHIND}`].map(flat));
  expect(flat(read(SAGA_FILE))).toContain(flat(BEHIND));
  for (const file of [CONTRACTS_FILE, STEPS_FILE, SAGA_FILE]) expect(doc).toContain(`\`${file}\``);
});

test('the current saga has no patch: the rehearsal adds its own', () => {
  expect(read(SAGA_FILE)).not.toMatch(/patched|deprecatePatch/);
});

test('the guard of each version is the one that its test builds', () => {
  const rows = Array.from(doc.matchAll(/^\| (before|patched|deprecated|removed) +\| ([^|]+) \|/gm));
  const guards = rows.map(([, version, guard = '']) => [version, /`([^`]+)`/.exec(guard)?.[1] ?? '']);
  expect(Object.fromEntries(guards)).toEqual(GUARDS);
});

test('each file that it names exists', () => {
  const named = Array.from(
    doc.matchAll(/`((?:workflows|test|ops|domain|activities|workers|saga|prisma|tools)\/[\w/.-]+)`/g),
    ([, file = '']) => file,
  );
  expect(named.length).toBeGreaterThan(4);
  for (const file of named) expect([file, existsSync(path.join(ROOT, file))]).toEqual([file, true]);
});
