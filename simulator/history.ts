/** A saga's history, as far as its code can tell. */
import type { StepName } from './model-steps';
import type { StepResults } from './workflow-host';

/** What it tells the code next; `at` is the time of the task, milliseconds. */
export type Input = {
  readonly at: number;
  /** Told in the same task, before the code goes on. */
  readonly and?: Input | undefined;
} & (
  | { readonly kind: 'start' | 'cancel' }
  | { readonly kind: 'step'; readonly seq: number; readonly name: StepName; readonly answer: Answer }
  | { readonly kind: 'timer'; readonly seq: number }
  | { readonly kind: 'update'; readonly name: string; readonly argument: unknown }
  | {
      readonly kind: 'child';
      readonly seq: number;
      readonly workflowId: string;
      /** Why Temporal has not started it. */
      readonly refusal: Error | undefined;
    }
);

/** @returns the first, with the other told in the same task */
export function followedBy(first: Input, last: Input): Input {
  return { ...first, and: first.and ? followedBy(first.and, last) : last };
}

/** Whose time is the time of the task. */
export function lastOf(input: Input): Input {
  return input.and ? lastOf(input.and) : input;
}

export type Answer = { readonly results: StepResults } | { readonly failure: Error };

export type Outcome = { readonly result: unknown } | { readonly failure: unknown };

/** The saga's code took another way than the history that it was given. */
export class Divergence extends Error {
  override readonly name = 'Divergence';
}
