/** Every fault point: each step of both sagas, each moment of the step, each fault that can happen there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../local/until';
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
 * 8 s: longer than a database client waits for an answer (7 s), and than any step or workflow task may take.
 * Then the held message passes to a server whose client has disconnected.
 */
const STALL_MS = 8_000;

/**
 * At least 2.5 s: Temporal gives a workflow task to another process after 2 s, a credit step after 600 ms
 * without a heartbeat. At most 6 s for the other process to complete the orders; then the stopped process
 * resumes.
 */
const STOP_AT_LEAST_MS = 2_500;
const STOP_AT_MOST_MS = 6_000;
const POLL_MS = 200;

/** 5 s: under load each step runs many times a second; a rarer step is tried later again. */
const CATCH_TIMEOUT_MS = 5_000;

/** 30 s: a process starts in 1 to 2 s; the machine may be busy, and the servers unavailable. */
const READY_WITHIN_MS = 30_000;

/** 5 s: a server answers in milliseconds, unless it is killed meanwhile. */
const ANSWERED_WITHIN_MS = 5_000;

/** A fault whose effect was observed. */
export interface Hit {
  readonly process: string;
  /** For a stopped process: whether other processes had completed its orders before it resumed. */
  readonly overtaken: boolean;
}

type OrdersCompleted = (orderIds: readonly string[]) => Promise<boolean>;

/**
 * @param areCompleted whether the orders are completed
 * @returns undefined when no process reached this point in time; otherwise `over` resolves when the fault has
 *   ended, with undefined when it had no effect because its server or process was killed at the same time
 */
export async function inflict(
  { step, moment, fault }: FaultPoint,
  processes: readonly ManagedProcess[],
  areCompleted: OrdersCompleted,
): Promise<{ readonly over: Promise<Hit | undefined> } | undefined> {
  const caught = await whenCaught(step, moment, processes);
  return caught && { over: strike(caught, moment, fault, areCompleted) };
}

async function strike(
  caught: Caught<ManagedProcess>,
  moment: Moment,
  fault: StepFault,
  areCompleted: OrdersCompleted,
): Promise<Hit | undefined> {
  const { held, at, process } = caught;
  // The step is complete when Temporal has its result, or, when the next step follows in the same task, when
  // that starts.
  if (moment === 'after its completion' && at === 'temporal') {
    const answered = await Promise.race([held.answered(), sleep(ANSWERED_WITHIN_MS, false)]);
    if (!answered) {
      held.release();
      return undefined;
    }
  }
  const effect = await STRIKES[fault](caught, areCompleted);
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
      }, CATCH_TIMEOUT_MS);
      ends.push(() => {
        clearTimeout(late);
      });
    });
  } finally {
    for (const end of ends) end();
  }
}

/** @returns undefined when it had no effect */
type Strike = (
  caught: Caught<ManagedProcess>,
  areCompleted: OrdersCompleted,
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
    // The final checks report a process that is not ready in time.
    await process.ready(READY_WITHIN_MS).catch(() => undefined);
    return died ? NOT_OVERTAKEN : undefined;
  },
  'process stopped': async ({ held, process, orderIds }, areCompleted) => {
    process.signal('SIGSTOP');
    held.release();
    await sleep(STOP_AT_LEAST_MS);
    const overtaken = await until(() => areCompleted(orderIds), {
      everyMs: POLL_MS,
      withinMs: STOP_AT_MOST_MS - STOP_AT_LEAST_MS,
    });
    const stands = process.isStopped();
    process.signal('SIGCONT');
    return stands ? { overtaken } : undefined;
  },
};
