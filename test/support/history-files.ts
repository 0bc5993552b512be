/** Histories as files for `npm run replay`: made of a recorded one, in a folder that is gone after the tests. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { CORPUS } from '../../ops/replay/corpus';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';

/** The recorded history that the others are made of. */
export const RECORDED = path.join(CORPUS, 'colocated-approved.json');
const TEXT = readFileSync(RECORDED, 'utf8');

/** Of the recorded history. */
export const [, RUN = ''] = /"originalExecutionRunId": "([^"]+)"/.exec(TEXT) ?? [];

/** The recorded history as it is, under another workflow id. */
export const recordedAs = (name: string): string =>
  TEXT.replace(/"workflowId": "[^"]+"/, `"workflowId": "${name}"`);

export class HistoryFiles {
  #folder = '';

  constructor() {
    beforeAll(() => {
      installTemporalRuntime(createLogger('silent'));
      this.#folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-replay-'));
    });
    afterAll(() => {
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  pathOf(name: string): string {
    return path.join(this.#folder, name);
  }

  written(name: string, text: string): string {
    const file = this.pathOf(name);
    writeFileSync(file, text);
    return file;
  }

  /** The recorded history under another workflow id, whose saga had a step that the code does not have. */
  diverging(name: string): string {
    const renamed = recordedAs(name).replaceAll(/"data": "([^"]+)"/g, (whole, data: string) => {
      const said = Buffer.from(data, 'base64').toString();
      if (!said.includes('"activity_type":"reserveCredit"')) return whole;
      const other = said.replace('"activity_type":"reserveCredit"', '"activity_type":"checkFraud"');
      return `"data": "${Buffer.from(other).toString('base64')}"`;
    });
    return this.written(`${name}.json`, renamed);
  }
}
