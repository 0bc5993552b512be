import { expect, test } from '@jest/globals';
import { PLANTED_BUGS } from '../../simulator/planted-bugs';
import { productProtocol } from '../../simulator/protocols';
import { bugTable, type BugRow, storyText } from '../../simulator/report';
import { search } from '../../simulator/search';

/** The cases that are drawn are the same each time: how soon a bug is found is a property of the simulator. */
const SEED = 1;
/** The case that the other seed draws takes four times as long to be made small. */
const SEEDS: Readonly<Record<string, number>> = {
  "a group's step that fails all for one": 2,
  'a saga that is replayed takes the results of two steps at once': 7,
};
const MOST = 100_000;

/** 15 minutes: the slowest takes 44 s by itself, and has been seen to take many times that at the end of a long run. */
const FOUND_WITHIN_MS = 900_000;

/** Steps of the shortest story of each bug, as they are found. */
const SHORTEST: Readonly<Record<string, number>> = {
  'compensation registered after its step': 7,
  'no tombstone': 10,
  'non-idempotent reserve': 8,
  'approve before reserve': 8,
  'two sagas driving one order (ownership ignored)': 12,
  "a group's step that fails all for one": 10,
  'outbox outside the transaction': 13,
  'relay by "id > last"': 14,
  "a saga that continues as new forgets Temporal's Cancel": 11,
  'the cancellation of a PENDING order leaves its credit alone': 2000,
  'a saga that is replayed takes the results of two steps at once': 11,
};

/** There are too many ways of two steps and a worker that dies to see that none is shorter. */
const NOT_KNOWN_TO_BE_SHORTEST = ['a saga that is replayed takes the results of two steps at once'];

const rows: BugRow[] = [];

test.each(PLANTED_BUGS)(
  'planted: $words: it is found, and told in few steps',
  async ({ words, protocol }) => {
    const seed = SEEDS[words] ?? SEED;
    const { interleavings, found: story } = await search(protocol(), { seed, atMost: MOST });
    rows.push({ words, interleavings, story });
    expect(story?.shortest).toBe(!NOT_KNOWN_TO_BE_SHORTEST.includes(words));
    expect(story?.steps.length).toBe(SHORTEST[words]);
    if (story) console.log(storyText(story));
  },
  FOUND_WITHIN_MS,
);

test('each bug in the table', () => {
  console.log(bugTable(rows));
  expect(rows).toHaveLength(11);
});

test('an edit that does not find its text is refused', () => {
  const file = 'workflows/create-order-saga.js';
  expect(() => productProtocol([{ file, from: 'not there', to: '' }])).toThrow('0 times');
  expect(() => productProtocol([{ file: 'workflows/gone.js', from: '', to: '' }])).toThrow(
    'no such workflow file',
  );
});
