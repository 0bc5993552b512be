/** Every fault point: each step of both sagas, at each of its moments, with each fault that can happen there. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedProcess } from './managed-process';
import { type Step, STEPS } from './step-recognition';
import { Breakpoint, type Caught, type Moment, MOMENTS } from './breakpoint';

export const STEP_FAULTS = [
  'connection cut',
  'connection stalled',
  'process killed',
  'process stopped',
] as const;
export type StepFault = (typeof STEP_FAULTS)[number];

export interface FaultPoint {
  readonly step: Step;
  readonly moment: Moment;
  readonly fault: StepFault;
}

export const FAULT_POINTS: readonly FaultPoint[] = STEPS.flatMap((step) =>
  MOMENTS.flatMap((moment) => STEP_FAULTS.map((fault) => ({ step, moment, fault }))),
);

/**
 * 8 s: longer than a database client waits for an answer (7 s), and than any step or workflow task may take. What was
 * kept then passes, late, to a server whose client is gone.
 */
const STALL_MS = 8_000;

/**
 * At least 2.5 s: a workflow task is given to another process after 2 s, a credit step after 600 ms of silence. At most
 * 6 s, for the other to bring the orders to their end; then it wakes all the same.
 */
const STOP_AT_LEAST_MS = 2_500;
const STOP_AT_MOST_MS = 6_000;
const LOOK_EVERY_MS = 200;

/** 5 s: under load each step runs many times a second; what is rarer is tried again. */
const CAUGHT_WITHIN_MS = 5_000;

/** 30 s: a process starts in one or two; the machine may be busy, and its servers away. */
const READY_WITHIN_MS = 30_000;

/** 5 s: a server answers in milliseconds; one that is killed meanwhile does not. */
const ANSWERED_WITHIN_MS = 5_000;

/** What was hit, and seen to be. */
export interface Hit {
  readonly process: string;
  /** Of a process that was stopped: whether others had brought its orders to their end when it woke. */
  readonly overtaken: boolean;
}

type AtTheirEnd = (orderIds: readonly string[]) => Promise<boolean>;

/**
 * @param atTheirEnd whether these orders are
 * @returns undefined: no process came to this point in time. Otherwise what resolves when the fault is over, with
 *   undefined when it had no effect: the server was killed at the same time, or the process.
 */
export async function inflict(
  { step, moment, fault }: FaultPoint,
  processes: readonly ManagedProcess[],
  atTheirEnd: AtTheirEnd,
): Promise<{ readonly over: Promise<Hit | undefined> } | undefined> {
  const caught = await whenCaught(step, moment, processes);
  return caught && { over: strike(caught, moment, fault, atTheirEnd) };
}

async function strike(
  caught: Caught<ManagedProcess>,
  moment: Moment,
  fault: StepFault,
  atTheirEnd: AtTheirEnd,
): Promise<Hit | undefined> {
  const { held, at, process } = caught;
  // The step is complete when Temporal has its result; where the next step follows in the same task, when that begins.
  if (moment === 'after its completion' && at === 'temporal') {
    const answered = await Promise.race([held.answered(), sleep(ANSWERED_WITHIN_MS, false)]);
    if (!answered) {
      held.release();
      return undefined;
    }
  }
  const effect = await STRIKES[fault](caught, atTheirEnd);
  return effect && { process: process.name, ...effect };
}

async function whenCaught(
  step: Step,
  moment: Moment,
  processes: readonly ManagedProcess[],
): Promise<Caught<ManagedProcess> | undefined> {
  const ends: (() => void)[] = [];
  try {
    return await new Promise((resolve) => {
      const breakpoint = new Breakpoint<ManagedProcess>(step, moment, resolve);
      for (const process of processes) ends.push(process.watch(breakpoint.watcherOf(process)));
      const late = setTimeout(() => {
        breakpoint.close();
        resolve(undefined);
      }, CAUGHT_WITHIN_MS);
      ends.push(() => {
        clearTimeout(late);
      });
    });
  } finally {
    for (const end of ends) end();
  }
}

/** @returns undefined: it had no effect */
type Strike = (
  caught: Caught<ManagedProcess>,
  atTheirEnd: AtTheirEnd,
) => Promise<Pick<Hit, 'overtaken'> | undefined>;

const NOT_OVERTAKEN = { overtaken: false };

const STRIKES: Readonly<Record<StepFault, Strike>> = {
  'connection cut': ({ held }) => {
    const stood = held.stands();
    held.cut();
    return Promise.resolve(stood ? NOT_OVERTAKEN : undefined);
  },
  'connection stalled': async ({ held }) => {
    await sleep(STALL_MS);
    const stood = held.stands();
    held.release();
    return stood ? NOT_OVERTAKEN : undefined;
  },
  'process killed': async ({ held, process }) => {
    const death = process.kill();
    held.cut();
    const died = await death;
    // Who is not well in time is found when the faults are over.
    await process.ready(READY_WITHIN_MS).catch(() => undefined);
    return died ? NOT_OVERTAKEN : undefined;
  },
  'process stopped': async ({ held, process, orderIds }, atTheirEnd) => {
    process.signal('SIGSTOP');
    held.release();
    await sleep(STOP_AT_LEAST_MS);
    const deadline = performance.now() + STOP_AT_MOST_MS - STOP_AT_LEAST_MS;
    let overtaken = await atTheirEnd(orderIds);
    while (!overtaken && performance.now() < deadline) {
      await sleep(LOOK_EVERY_MS);
      overtaken = await atTheirEnd(orderIds);
    }
    const stands = process.isStopped();
    process.signal('SIGCONT');
    return stands ? { overtaken } : undefined;
  },
};
