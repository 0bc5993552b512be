/**
 * Preloaded into a measured process (`node --require`), and by Node into its threads: records a profile of each of them while
 * the folder PROFILE_FOLDER has the file `begin` and not yet `end`.
 */
import { existsSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** 50 ms: the profile lacks that much of its beginning and its end. */
const POLL_MS = 50;

/** 500 µs: half of the default, for 60,000 samples in half a minute. */
const SAMPLES_APART_US = 500;

async function record(folder: string): Promise<void> {
  const until = async (name: string) => {
    while (!existsSync(path.join(folder, name))) await sleep(POLL_MS, undefined, { ref: false });
  };
  await until('begin');
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLES_APART_US });
  await session.post('Profiler.start');
  await until('end');
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  // The link leads to `<process>/task/<thread>`, as Linux numbers them.
  const thread = path.basename(readlinkSync('/proc/thread-self'));
  const name = path.join(folder, `${thread}.cpuprofile`);
  writeFileSync(`${name}.part`, JSON.stringify(profile));
  // Whoever waits for the file finds all of it.
  renameSync(`${name}.part`, name);
}

const folder = process.env['PROFILE_FOLDER'];
if (folder !== undefined) void record(folder);
