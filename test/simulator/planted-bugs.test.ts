import { expect, test } from '@jest/globals';
import { PLANTED_BUGS } from '../../tools/simulator/planted-bugs';
import { productProtocol } from '../../tools/simulator/protocols';
import { bugTable, type BugRow, counterexampleText } from '../../tools/simulator/report';
import { search } from '../../tools/simulator/search';

/** The cases that are drawn are the same each time: how soon a bug is found is a property of the simulator. */
const SEED = 1;
const MOST = 100_000;

/** 5 minutes: the slowest takes 11 s by itself, and may take many times that at the end of a long run. */
const FOUND_WITHIN_MS = 300_000;

/** Steps of the shortest counterexample of each bug, as they are found. */
const SHORTEST: Readonly<Record<string, number>> = {
  'compensation registered after its step': 7,
  'no tombstone': 7,
  'non-idempotent reserve': 8,
  'approve before reserve': 8,
  'two sagas driving one order (ownership ignored)': 12,
  "a group's step that fails all for one": 1,
  'outbox outside the transaction': 13,
  'relay by "id > last"': 14,
  "a saga that continues as new forgets Temporal's Cancel": 11,
  'the cancellation of a PENDING order leaves its credit alone': 5,
  'a cancellation is confirmed before its row': 7,
  'a wait without a bound': 3,
  'a saga that is replayed takes the results of two steps at once': 24,
  'a fast path that goes on whatever the answer': 26,
};

const rows: BugRow[] = [];

test.each(PLANTED_BUGS)(
  'planted: $words: it is found, and reported in few steps',
  async ({ words, protocol }) => {
    const { interleavings, found: counterexample } = await search(protocol(), { seed: SEED, atMost: MOST });
    rows.push({ words, interleavings, counterexample });
    expect(counterexample?.shortest).toBe(true);
    expect(counterexample?.steps.length).toBe(SHORTEST[words]);
    if (counterexample) console.log(counterexampleText(counterexample));
  },
  FOUND_WITHIN_MS,
);

test('each bug in the table', () => {
  console.log(bugTable(rows));
  expect(rows).toHaveLength(PLANTED_BUGS.length);
});

test('an edit that does not find its text is refused', () => {
  const file = 'workflows/create-order-saga.js';
  expect(() => productProtocol([{ file, from: 'not there', to: '' }])).toThrow('0 times');
  expect(() => productProtocol([{ file: 'workflows/gone.js', from: '', to: '' }])).toThrow(
    'no such workflow file',
  );
});
