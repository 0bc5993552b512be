/** Load from other processes of the machine. A short run omits it, because other tests run beside it. */
import { spawn } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './server-faults';

/** 15 s: long enough for tasks to time out and be retried. */
const BUSY_FOR_MS = 15_000;
const BUSY_PROCESSES = 4 * availableParallelism();

/** Of the processors' time, when they were busy. */
const IDLE_AT_MOST = 0.1;

export const MACHINE_FAULTS: Readonly<Record<string, Fault>> = {
  'processors taken by others': async () => {
    const idle = idleShare();
    // They exit even when this process is killed.
    const burn = `for (const end = Date.now() + ${String(2 * BUSY_FOR_MS)}; Date.now() < end; );`;
    const others = Array.from({ length: BUSY_PROCESSES }, () =>
      spawn(process.execPath, ['-e', burn], { stdio: 'ignore' }),
    );
    await sleep(BUSY_FOR_MS);
    for (const other of others) other.kill('SIGKILL');
    return idle() < IDLE_AT_MOST;
  },
};

/** @returns a function that returns the idle share since now */
function idleShare(): () => number {
  const spent = () =>
    cpus().reduce(
      (sum, { times }) => ({
        idle: sum.idle + times.idle,
        all: sum.all + times.user + times.nice + times.sys + times.irq + times.idle,
      }),
      { idle: 0, all: 0 },
    );
  const before = spent();
  return () => {
    const now = spent();
    return (now.idle - before.idle) / (now.all - before.all);
  };
}
