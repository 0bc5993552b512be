/** Every recorded history replays against the workflows as they are now; a failure names its path. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
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
