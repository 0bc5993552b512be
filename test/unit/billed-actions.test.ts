/** The table of docs/scale.md: what Temporal Cloud would bill for recorded histories. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { CORPUS } from '../../ops/replay/corpus';
import { ofFiles } from '../../ops/replay/history-sources';
import { billedActions } from '../support/billed-actions';
import { ROOT } from '../support/start';

const document = readFileSync(path.join(ROOT, 'docs/scale.md'), 'utf8');
/** The price that the document names. */
const MILLION_ACTIONS_DOLLARS = Number(/\$(\d+) for a million/.exec(document)?.[1]);

const ROWS = [
  ...document.matchAll(/^\| \[`([\w-]+)`\].*\| +(\d+) \| +(\d+) \| +([\d.]+) \| +([\d.]+) \|$/gm),
].map(([, name = '', ...figures]) => [name, ...figures.map(Number)] as const);

function totalOf(name: string): number {
  const [recorded] = ofFiles([path.join(CORPUS, `${name}.json`)]);
  if (!recorded) throw new Error(`${name} is no history`);
  return Object.values(billedActions(recorded.history)).reduce((sum, count) => sum + count, 0);
}

test('the table has rows of both placements, alone and in a group', () => {
  const names = ROWS.map(([name]) => name);
  for (const placement of ['colocated', 'distributed'])
    expect(names).toEqual(expect.arrayContaining([`${placement}-approved`, `${placement}-group-of-fifty`]));
});

test.each(ROWS)('%s: %i orders, %i actions', (name, orders, actions, each, dollars) => {
  expect(totalOf(name)).toBe(actions);
  expect(each).toBeCloseTo(actions / orders);
  expect(dollars).toBeCloseTo((actions / orders) * MILLION_ACTIONS_DOLLARS);
});

test('what is billed, of a saga that waited: its start, its timers, its signals, its tasks', () => {
  const [waited] = ofFiles([path.join(CORPUS, 'colocated-release-given-up.json')]);
  expect(waited && billedActions(waited.history)).toEqual({
    start: 1,
    timer: 2,
    'search attribute': 2,
    signal: 1,
    'local activities of a task': 2,
  });
});
