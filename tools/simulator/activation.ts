/** One activation: what Temporal delivers to the code of a saga at once. */
import type { StepName } from './model-steps';
import type { StepResults } from './workflow-host';

/** A step's answer, or why there is none. */
export type Answer = { readonly results: StepResults } | { readonly failure: Error };

/** The end of one attempt of a step. */
export interface StepEnded {
  readonly kind: 'step';
  readonly seq: number;
  readonly name: StepName;
  readonly orderIds: readonly string[];
  /** Whether it ran on a task queue: its end is an event, that of a local one is not. */
  readonly remote: boolean;
  readonly answer: Answer;
}

interface SignalSent {
  readonly kind: 'signal';
  readonly name: string;
  readonly argument: unknown;
}

export type Job =
  | { readonly kind: 'start' | 'cancel' }
  | { readonly kind: 'timer'; readonly seq: number }
  | SignalSent
  | StepEnded;

export interface Activation {
  /** Time of the task, milliseconds of the epoch. */
  readonly at: number;
  /** Events of the run's history until now. */
  readonly historyLength: number;
  readonly jobs: readonly Job[];
}

/** In the order in which the SDK hands them to the code: signals first, the code begins after them, local results last. */
export function inOrder(jobs: readonly Job[]): Job[] {
  return [...jobs].sort((one, other) => rank(one) - rank(other));
}

function rank(job: Job): number {
  switch (job.kind) {
    case 'signal':
      return 0;
    case 'cancel':
    case 'timer':
      return 1;
    case 'step':
      return job.remote ? 1 : 3;
    case 'start':
      return 2;
  }
}

/** How a run has ended. */
export type Outcome =
  | { readonly result: unknown }
  | { readonly failure: unknown }
  /** It continues as new, with this input. */
  | { readonly continued: unknown };

/** The code diverged from its history. */
export class Divergence extends Error {
  override readonly name = 'Divergence';
}
