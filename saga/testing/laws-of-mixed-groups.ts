/**
 * Law of a workflow whose subjects take different paths: several steps are under way at once and end in any order. A
 * replay gets their results in another grouping than the run did, and must request the same commands.
 */
import { expect } from '@jest/globals';
import { each, type Law } from './law';
import type { AnyPath } from './saga-under-test';
import { plainly, type StepCall, type Tampering } from './tampering';

export const mixedGroups: Law = {
  words: 'in a group with subjects of all paths, each ends on its own path, whichever step ends last',
  holds: async ({ saga, runs }) => {
    const paths = Object.values(saga.paths).filter(({ fails, settings }) => !fails && settings === undefined);
    if (saga.mostSubjects === 1 || paths.length < 2) return;
    const steps = [...new Set(paths.flatMap((path) => path.steps))];
    const ran = await each(['in any order', ...steps], (last) => runs.runMixed(paths, endingLast(last)));
    // A saga fails only after all its subjects have ended; then it has no outcome for any of them.
    const fails = paths.some(({ outcome }) => outcome === undefined);
    const ends = paths.map((path) => ({ outcome: fails ? 'SagaFailed' : partOf(path), ...path.ends }));
    for (const [last, { came }] of Object.entries(ran)) expect({ last, came }).toEqual({ last, came: ends });
  },
};

function partOf<Subject, Settings>({ outcome }: AnyPath<Subject, Settings>): unknown {
  return expect.objectContaining({ ...outcome });
}

/** Delays the answers of one step while any other step of the saga is under way. */
function endingLast(step: string): Tampering {
  let others = 0;
  const held: (() => void)[] = [];
  return async (call: StepCall) => {
    if (call.step === step) {
      const answers = await plainly(call);
      if (others > 0) await new Promise<void>((resolve) => held.push(resolve));
      return answers;
    }
    others += 1;
    try {
      return await plainly(call);
    } finally {
      others -= 1;
      if (others === 0) for (const resume of held.splice(0)) resume();
    }
  };
}
