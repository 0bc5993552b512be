/** What happens at a moment that is known beforehand. */
import type { Action } from './action';
import type { StepCall } from './step-call';

export interface Planned {
  /** Milliseconds after the start. */
  readonly at: number;
  readonly action: Action;
}

/** A statement that hung, after the outage; no client waits for it any more. */
export function doneLate(call: StepCall, at: number): Planned {
  const action: Action = {
    words: () => `${call.words} is done`,
    happen: (world) => {
      world.beginStep(call);
      world.commit(call);
      return undefined;
    },
  };
  return { at, action };
}
