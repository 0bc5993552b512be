/** docs/failure-modes.md names tests, and faults of the fault suite, that there are. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { STEP_FAULTS } from '../../faults/fault-points';
import { LINE_FAULTS } from '../../faults/line-faults';
import { MACHINE_FAULTS } from '../../faults/machine-faults';
import { SERVER_FAULTS } from '../../faults/server-faults';
import { MOMENTS } from '../../faults/trap';
import { ROOT } from '../support/start';

const FAULTS = new Set<string>([
  ...STEP_FAULTS,
  ...MOMENTS,
  ...Object.keys(SERVER_FAULTS),
  ...Object.keys(LINE_FAULTS),
  ...Object.keys(MACHINE_FAULTS),
]);

/** Of each row what fails, and what shows it. */
const ROWS = readFileSync(path.join(ROOT, 'docs/failure-modes.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split(' | '))
  .map((cells): [string, string] => [cells[0] ?? '', cells.at(-1) ?? '']);

/** How a title stands in a file: between quotes of one kind. */
const quoted = (title: string) => [`'${title}'`, `"${title}"`, `\`${title}\``];

test('there are rows', () => {
  expect(ROWS.length).toBeGreaterThan(15);
});

test.each(ROWS)('%s', (_what, shownBy) => {
  const named = [...shownBy.matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[^)]+)\)/g)];
  expect(named.length).toBeGreaterThan(0);
  for (const [, title = '', file = ''] of named) {
    const place = path.join(ROOT, file);
    expect([file, existsSync(place)]).toEqual([file, true]);
    const text = readFileSync(place, 'utf8');
    expect([title, quoted(title).some((each) => text.includes(each))]).toEqual([title, true]);
  }
  const faults = [...shownBy.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  expect(faults.filter((name) => !FAULTS.has(name))).toEqual([]);
});
