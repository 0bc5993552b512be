/** Tampering with steps: each call of an activity goes through a function of the law that runs the saga. */
import { ApplicationFailure } from '@temporalio/common';
import type { StepRequest } from '../contract';
import type { StepAnswer } from '../workflow/step';
import type { Moment, StepActivity, Steps } from './saga-under-test';

/** One attempt of a step. */
export interface StepCall {
  readonly step: string;
  readonly request: StepRequest<object>;
  /** Number of this attempt of the step in this saga, from 1. */
  readonly attempt: number;
  /** Runs the step itself, with the saga's request or with another one. */
  readonly run: (request?: StepRequest<object>) => Promise<readonly StepAnswer[]>;
}

/** Answers a call of a step, usually by running it. */
export type Tampering = (call: StepCall) => Promise<readonly StepAnswer[]>;

export const plainly: Tampering = ({ run }) => run();

/** Activities with tampering for each saga: attempts of an earlier law may still be under way. */
export class TamperedSteps {
  readonly activities: Readonly<Record<string, StepActivity>>;
  readonly #sagas = new Map<
    string,
    { readonly tampering: Tampering; readonly attempts: Map<string, number> }
  >();

  constructor(activities: Readonly<Record<string, StepActivity>>) {
    const tampered = Object.entries(activities).map(([step, activity]) => [
      step,
      this.#tampered(step, activity),
    ]);
    this.activities = Object.fromEntries(tampered) as typeof activities;
  }

  /** Sets the tampering for one saga, from now on. */
  tamper(sagaId: string, tampering: Tampering): void {
    this.#sagas.set(sagaId, { tampering, attempts: new Map<string, number>() });
  }

  #tampered(step: string, activity: StepActivity): StepActivity {
    return (request) => {
      const saga = this.#sagas.get(request.sagaId);
      if (!saga) return activity(request);
      const attempt = (saga.attempts.get(step) ?? 0) + 1;
      saga.attempts.set(step, attempt);
      return saga.tampering({ step, request, attempt, run: (other = request) => activity(other) });
    };
  }
}

/** @returns the same activities, by name */
export function byName<Activities extends Steps<Activities>>(
  activities: Activities,
): Record<string, StepActivity> {
  const named: Record<string, StepActivity> = {};
  for (const name in activities) named[name] = activities[name];
  return named;
}

export const lostConnection = (): Error => new Error('the connection was lost');

export const permanentFailure = (): Error =>
  ApplicationFailure.create({ type: 'PermanentForTheLaw', message: 'planted by a law', nonRetryable: true });

/** Fails an attempt, before it has done anything or with its answer lost. */
export async function failing({ run }: StepCall, moment: Moment, failure: Error): Promise<never> {
  if (moment === 'after its commit') await run();
  throw failure;
}

/** Tampers with one step only. */
export function atStep(step: string, tampering: Tampering): Tampering {
  return (call) => (call.step === step ? tampering(call) : plainly(call));
}
