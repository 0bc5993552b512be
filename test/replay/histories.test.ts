/** Every recorded history replays against the workflows as they are now, and together they take every branch. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Placement } from '../../saga/contract';
import { CORPUS, corpusFiles, corpusIndex } from '../../ops/replay/corpus';
import { ofFiles } from '../../ops/replay/history-sources';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { testServers } from '../support/servers';
import { countedReplay } from './counted-replay';
import { WITHOUT_HISTORY } from './without-history';

/** Why each history does not replay, by its name. */
let errors: Map<string, Error | undefined>;
let notTaken: readonly string[];

beforeAll(async () => {
  installTemporalRuntime(createLogger('silent'));
  const replayed = await countedReplay(testServers().bundlePath, ofFiles(corpusFiles()));
  errors = new Map(replayed.results.map(({ workflowId, error }) => [workflowId, error]));
  notTaken = replayed.notTaken;
});

test('the index names each file, and each file is in the index', () => {
  const files = readdirSync(CORPUS).filter((file) => file !== 'index.json');
  expect(files.sort()).toEqual(
    corpusFiles()
      .map((file) => path.basename(file))
      .sort(),
  );
});

/** Paths that there are only where the credit is another service's: it is away, or alone when a saga is terminated. */
const DISTRIBUTED_ONLY = [
  'begun-colocated',
  'cancelled-at-the-pivot',
  'cancelled-begun-colocated',
  'customer-service-away',
];

/** Paths that there are only where a credit step is tried in the saga's own process before it goes to its queue. */
const COLOCATED_ONLY = ['busy', 'busy-for-long', 'retries', 'retries-on-queue'];

test('each path is recorded in both placements', () => {
  const names = Object.keys(corpusIndex());
  const paths = (placement: Placement) =>
    names.filter((name) => name.startsWith(`${placement}-`)).map((name) => name.slice(placement.length + 1));
  const [colocated, distributed] = [paths('colocated'), paths('distributed')];
  const inBoth = colocated.filter((name) => !COLOCATED_ONLY.includes(name));
  expect(distributed.sort()).toEqual([...inBoth, ...DISTRIBUTED_ONLY].sort());
  expect(inBoth).toHaveLength(colocated.length - COLOCATED_ONLY.length);
  expect(distributed.length + colocated.length).toBe(names.length);
});

test('no run has more events than the engine promises', () => {
  const longest = Math.max(...[...ofFiles(corpusFiles())].map(({ history }) => history.events?.length ?? 0));
  expect(longest).toBeGreaterThan(100);
  expect(longest).toBeLessThanOrEqual(500);
});

describe('replays', () => {
  test.each(Object.entries(corpusIndex()).map(([name, { path: words }]) => [name, words]))(
    '%s: %s',
    (name) => {
      expect(errors.has(name)).toBe(true);
      expect(errors.get(name)).toBeUndefined();
    },
  );
});

test('no branch of the sagas and their engine is without a history that takes it', () => {
  // Each counts: a second one in the same function, of the same text, is one too many.
  expect([...notTaken].sort()).toEqual([...WITHOUT_HISTORY].sort());
});
