import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LOG_LIMITS, previousLog, rotateLogs } from '../../tools/local/log-rotation';
import { eventually } from '../support/http';

let folder: string;
let log: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-logs-'));
  log = path.join(folder, 'postgres.log');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a log stays within its limit, and its writer, which has it open, continues in it', async () => {
  const limits = { bytes: 1_000, checkEveryMs: 1 };
  const writer = openSync(log, 'a');
  const end = rotateLogs(folder, limits);
  for (let line = 1; line <= 5; line += 1) {
    writeSync(writer, `${String(line).repeat(1_200)}\n`);
    await eventually(() => Promise.resolve(statSync(log).size === 0 ? true : undefined));
    expect(readFileSync(previousLog(log), 'utf8')).toBe(`${String(line).repeat(1_200)}\n`);
  }
  end();
  writeSync(writer, 'the next line\n');
  expect(readFileSync(log, 'utf8')).toBe('the next line\n');
});

test('at the start too, by the limit of a start; a log below it and other files are left alone', () => {
  const other = path.join(folder, 'report.txt');
  const small = path.join(folder, 'service.log');
  for (const file of [log, other]) appendFileSync(file, Buffer.alloc(LOG_LIMITS.bytes));
  appendFileSync(small, Buffer.alloc(LOG_LIMITS.bytes - 1));
  rotateLogs(folder)();
  expect([log, small, other].map((file) => statSync(file).size)).toEqual([
    0,
    LOG_LIMITS.bytes - 1,
    LOG_LIMITS.bytes,
  ]);
  expect(statSync(previousLog(log)).size).toBe(LOG_LIMITS.bytes);
  expect(existsSync(previousLog(small))).toBe(false);
});
