/** Laws of subjects that share a workflow: each step is one activity for all, and one subject's failure affects no other. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import type { StepAnswer } from '../workflow/step';
import { answeredSteps } from './histories';
import { each, expectEnds, type LawOfPaths, steadySteps, tracesOf } from './law';
import { atStep } from './tampering';

const GROUP = 10;
const NEIGHBOURS = 3;

export const groupCommit: LawOfPaths = {
  words: 'ten subjects cost one activity for each step',
  concerns: ({ saga, path }) => saga.mostSubjects !== 1 && path.fails?.how !== 'until its deadline',
  holds: async ({ path, runs }) => {
    const ran = await runs.run(path, { count: GROUP });
    expectEnds(path, { ran });
    const answered = answeredSteps(ran.histories).filter((step) => step !== path.fails?.step);
    expect(answered).toEqual(path.steps.filter((step) => step !== path.fails?.step));
  },
};

export const nobodyWaits: LawOfPaths = {
  words: 'a subject whose row is busy at any step delays no other subject',
  concerns: ({ saga, path }) => saga.mostSubjects !== 1 && steadySteps(path).length > 0,
  holds: async ({ saga: { id, traces }, path, runs }) => {
    const ran = await each(steadySteps(path), (step) =>
      runs.run(path, {
        count: NEIGHBOURS,
        tampering: (slow, others) => {
          const haveEnded = async (): Promise<boolean> => {
            const all = await Promise.all(others.map(traces));
            return all.every((each) => isDeepStrictEqual(tracesOf(each), path.ends));
          };
          return atStep(step, async ({ request, run }) => {
            const mine = request.items.filter((item) => isOf(item, id(slow)));
            if (mine.length === 0 || (await haveEnded())) return run();
            const rest = request.items.filter((item) => !mine.includes(item));
            const answers = rest.length > 0 ? await run({ ...request, items: rest }) : [];
            return [...answers, ...mine.map(busy)];
          });
        },
      }),
    );
    expectEnds(path, ran);
  },
};

/** Compares all properties, whatever the key is called: no other value equals an id. */
function isOf(item: object, id: string): boolean {
  return Object.values(item).includes(id);
}

/** The answer `busy`, with the id of the item. */
function busy(item: object): StepAnswer {
  return { ...item, outcome: 'busy' };
}
