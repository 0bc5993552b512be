/** Every fault point: each step of both sagas, at each of its moments, with each fault that can happen there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Held, type Moment, MOMENTS } from './fault-line';
import type { ManagedProcess } from './managed-process';
import { type Step, STEPS } from './steps';

export const STEP_FAULTS = [
  'connection cut',
  'connection stalled',
  'process killed',
  'process stopped',
] as const;
type StepFault = (typeof STEP_FAULTS)[number];

export interface FaultPoint {
  readonly step: Step;
  readonly moment: Moment;
  readonly fault: StepFault;
}

export const CREDIT_STEPS: readonly Step[] = ['reserveCredit', 'releaseCredit'];

/** After its reply a step has no connection any more that could be cut or stalled. */
export const FAULT_POINTS: readonly FaultPoint[] = STEPS.flatMap((step) =>
  MOMENTS.flatMap((moment) =>
    STEP_FAULTS.filter((fault) => moment !== 'after its reply' || fault.startsWith('process')).map(
      (fault) => ({
        step,
        moment,
        fault,
      }),
    ),
  ),
);

/** 8 s: longer than a database client waits for an answer (7 s). */
const STALL_MS = 8_000;

/** 6 s: longer than the workflow task timeout (5 s) and a remote step's (4 s): its work is given to another. */
const STOP_MS = 6_000;

/** 5 s: under load each step runs many times a second; what is rarer is tried again. */
const CAUGHT_WITHIN_MS = 5_000;

/** @returns whether the fault landed */
export async function inflict(
  { step, moment, fault }: FaultPoint,
  processes: readonly ManagedProcess[],
): Promise<boolean> {
  const caught = await new Promise<{ held: Held; process: ManagedProcess } | undefined>((resolve) => {
    const late = setTimeout(resolve, CAUGHT_WITHIN_MS, undefined);
    for (const process of processes) {
      process.database.catch(step, moment, (held) => {
        clearTimeout(late);
        resolve({ held, process });
      });
    }
  });
  for (const { database } of processes) database.catchNothing();
  if (!caught) return false;
  const { held, process } = caught;
  switch (fault) {
    case 'connection cut':
      held.cut();
      break;
    case 'connection stalled':
      await sleep(STALL_MS);
      held.cut();
      break;
    case 'process killed':
      process.signal('SIGKILL');
      held.cut();
      break;
    case 'process stopped':
      process.signal('SIGSTOP');
      held.release();
      await sleep(STOP_MS);
      process.signal('SIGCONT');
      break;
  }
  return true;
}
