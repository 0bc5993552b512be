/** What `npm start` leaves on the disk: nothing that others can read, and logs that do not grow without end. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { LOG_LIMITS, previousLog } from '../../tools/local/log-rotation';
import { newCustomer, placeOrder, WAIT } from '../support/http';
import { freePorts, ready, scratch, start } from '../support/start';

const GROUP_AND_OTHERS = 0o077;

/** All files and folders that the group or others may use, with their modes. */
function openToOthers(entry: string): string[] {
  const { mode } = lstatSync(entry);
  const isFolder = (mode & 0o170000) === 0o040000;
  const below = isFolder ? readdirSync(entry).flatMap((name) => openToOthers(path.join(entry, name))) : [];
  return (mode & GROUP_AND_OTHERS) === 0 ? below : [`${entry} ${(mode & 0o777).toString(8)}`, ...below];
}

test('files are the owner’s alone, and a full log is rotated', async () => {
  const data = scratch();
  const logs = path.join(data.folder, 'logs');
  // As an earlier version has left it.
  mkdirSync(logs, { recursive: true });
  for (const folder of [data.folder, logs]) chmodSync(folder, 0o755);
  for (const name of ['service', 'postgres', 'temporal'])
    writeFileSync(path.join(logs, `${name}.log`), Buffer.alloc(LOG_LIMITS.bytes, 'x\n'), { mode: 0o644 });

  const env = { ...(await freePorts()), DATA_DIR: data.folder };
  const started = start(env);
  await ready(started);
  const url = `http://127.0.0.1:${env.PORT}`;
  await placeOrder(url, await newCustomer(url, '10.00'), '1.00', WAIT);
  expect(openToOthers(data.folder)).toEqual([]);
  for (const name of ['service', 'postgres', 'temporal']) {
    const log = path.join(logs, `${name}.log`);
    expect(statSync(log).size).toBeLessThan(LOG_LIMITS.bytes);
    expect(statSync(previousLog(log)).size).toBe(LOG_LIMITS.bytes);
  }
  started.process.kill('SIGTERM');
  expect(await started.exit).toBe(0);
  expect(openToOthers(data.folder)).toEqual([]);
  data.remove();
}, 180_000);
