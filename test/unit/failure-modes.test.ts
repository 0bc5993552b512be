/** Each section of docs/failure-modes.md is complete, and names tests, and faults of the fault suite, that exist. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { MOMENTS } from '../../tools/fault-injection/breakpoint';
import { CONNECTION_FAULTS } from '../../tools/fault-injection/connection-faults';
import { STEP_FAULTS } from '../../tools/fault-injection/fault-points';
import { MACHINE_FAULTS } from '../../tools/fault-injection/machine-faults';
import { SERVER_FAULTS } from '../../tools/fault-injection/server-faults';
import { ROOT } from '../support/start';

const FAULTS = new Set<string>([
  ...STEP_FAULTS,
  ...MOMENTS,
  ...Object.keys(SERVER_FAULTS),
  ...Object.keys(CONNECTION_FAULTS),
  ...Object.keys(MACHINE_FAULTS),
]);

/** Of every section, in this order. */
const LABELS = ['Clients see', 'The system', 'Operators', 'Shown by'];

interface Section {
  readonly heading: string;
  /** The text of each label. */
  readonly parts: readonly (readonly [label: string, text: string])[];
}

/** A heading of the third level begins a section, and the next heading ends it. Lines may break anywhere. */
const SECTIONS = readFileSync(path.join(ROOT, 'docs/failure-modes.md'), 'utf8')
  .split(/^(?=#)/m)
  .filter((text) => text.startsWith('### '))
  .map((text): Section => {
    const [, heading = '', body = ''] = /^### (.+)\n([^]*)$/.exec(text) ?? [];
    const [before = '', ...items] = body.split(/^- \*\*/m);
    const parts = items.map((item): [string, string] => {
      const [label = '', ...rest] = item.replace(/\s+/g, ' ').split(':** ');
      return [label, rest.join(':** ').trim()];
    });
    return { heading, parts: before.trim() === '' ? parts : [['no label', before], ...parts] };
  });

/** How a title stands in a file: between quotes of one kind. */
const quoted = (title: string) => [`'${title}'`, `"${title}"`, `\`${title}\``];

test('every section has a heading of its own', () => {
  expect(SECTIONS.length).toBeGreaterThan(35);
  expect(new Set(SECTIONS.map(({ heading }) => heading)).size).toBe(SECTIONS.length);
});

test.each(SECTIONS)('$heading', ({ parts }) => {
  expect(parts.map(([label]) => label)).toEqual(LABELS);
  for (const [label, text] of parts) expect([label, text]).not.toEqual([label, '']);
  const shownBy = parts.at(-1)?.[1] ?? '';
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
