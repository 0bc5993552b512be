/** Every recorded history replays against the workflows as they are now; a failure names its path. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Placement } from '../../saga/contract';
import { CORPUS, corpusFiles, corpusIndex } from '../../operate/corpus';
import { ofFiles } from '../../operate/histories';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { testServers } from '../support/servers';
import { replay } from './replaying';

beforeAll(() => {
  installTemporalRuntime(createLogger('silent'));
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
  'customer-service-away',
  'run-again-uncompensated',
];

/** Which of an earlier version differ is chance: whether a step had failed there. */
const isOfThisVersion = (name: string) => !name.includes('@');

test('each path is recorded in both placements', () => {
  const names = Object.keys(corpusIndex());
  const paths = (placement: Placement) =>
    names.filter((name) => name.startsWith(`${placement}-`)).map((name) => name.slice(placement.length + 1));
  const [colocated, distributed] = [paths('colocated'), paths('distributed')];
  expect(distributed.filter(isOfThisVersion).sort()).toEqual(
    [...colocated.filter(isOfThisVersion), ...DISTRIBUTED_ONLY].sort(),
  );
  expect(distributed.length + colocated.length).toBe(names.length);
});

describe('replays', () => {
  test.each(Object.entries(corpusIndex()).map(([name, { path: words }]) => [name, words]))(
    '%s: %s',
    async (name) => {
      const [result] = await replay(testServers().bundlePath, ofFiles([path.join(CORPUS, `${name}.json`)]));
      expect(result?.error).toBeUndefined();
      expect(result?.workflowId).toBe(name);
    },
  );
});
