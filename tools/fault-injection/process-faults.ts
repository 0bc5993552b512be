/** Faults of the processes that serve no clients: a worker, a relay, the order history. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster';
import type { ManagedProcess } from './managed-process';
import type { Fault } from './server-faults';

/** 3 s: a workflow task is given to another process after 2 s, a credit step after 600 ms of silence. */
const STOPPED_MS = 3_000;

/** 30 s: a process starts in one or two; the machine may be busy, and its servers away. */
const READY_WITHIN_MS = 30_000;

export function processFaults({ beside }: Cluster): Readonly<Record<string, Fault>> {
  return Object.fromEntries(
    beside.flatMap((process) => [
      [`${process.name} killed, and started again`, () => killed(process)],
      [`${process.name} stopped, and woken`, () => stopped(process)],
    ]),
  );
}

async function killed(process: ManagedProcess): Promise<boolean> {
  const died = await process.kill();
  // The final checks report a process that is not ready in time.
  await process.ready(READY_WITHIN_MS).catch(() => undefined);
  return died;
}

async function stopped(process: ManagedProcess): Promise<boolean> {
  process.signal('SIGSTOP');
  await sleep(STOPPED_MS);
  const stands = process.isStopped();
  process.signal('SIGCONT');
  return stands;
}
