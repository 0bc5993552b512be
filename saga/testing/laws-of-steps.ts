/** Laws of a saga's steps: they run more than once, at the same time, and with other content under the same id. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import type { StepRequest } from '../contract';
import type { StepAnswer } from '../workflow/step';
import { expectEnds, type LawOfPaths } from './law';
import type { OtherContent } from './saga-under-test';
import type { StepCall } from './tampering';

/** 4: one attempt that runs, and some that wait for the same row. */
const AT_ONCE = 4;

export const idempotent: LawOfPaths = {
  words: 'each step, run once more, gives the same answer and changes nothing',
  holds: async ({ saga: { traces }, path, runs }) => {
    const differences: unknown[] = [];
    const ran = await runs.run(path, {
      tampering: (subject) => async (call) => {
        const first = { answers: await settled(call), traces: await traces(subject) };
        const second = { answers: await settled(call), traces: await traces(subject) };
        if (!isDeepStrictEqual(first, second)) differences.push({ step: call.step, first, second });
        return first.answers;
      },
    });
    expect(differences).toEqual([]);
    expectEnds(path, { ran });
  },
};

export const concurrent: LawOfPaths = {
  words: 'each step, run several times at once, gives the same answers and changes things once',
  holds: async ({ path, runs }) => {
    const differences: unknown[] = [];
    const ran = await runs.run(path, {
      tampering: () => async (call) => {
        const all = await Promise.all(Array.from({ length: AT_ONCE }, () => settled(call)));
        const [first = []] = all;
        if (!all.every((answers) => isDeepStrictEqual(answers, first)))
          differences.push({ step: call.step, all });
        return first;
      },
    });
    expect(differences).toEqual([]);
    expectEnds(path, { ran });
  },
};

export const guarded: LawOfPaths = {
  words: 'each step, run with other content under the same id, refuses it and changes nothing',
  holds: async ({ saga: { traces, otherContent }, path, runs }) => {
    const differences: unknown[] = [];
    const ran = await runs.run(path, {
      tampering: (subject) => async (call) => {
        const answers = await settled(call);
        const other = otherContent[call.step];
        if (!other) {
          if (call.request.items.some(hasContent))
            differences.push(`${call.step} has content: declare other content for it in otherContent`);
          return answers;
        }
        const before = await traces(subject);
        const outcomes = (await settled(call, withContent(call.request, other))).map(
          ({ outcome }) => outcome,
        );
        const after = await traces(subject);
        const refused = outcomes.every((outcome) => (other.answers ?? ['conflict']).includes(outcome));
        if (!refused || !isDeepStrictEqual(before, after))
          differences.push({ step: call.step, outcomes, before, after });
        return answers;
      },
    });
    expect(differences).toEqual([]);
    expectEnds(path, { ran });
  },
};

/** Whether the item has more than its id. */
function hasContent(item: object): boolean {
  return Object.keys(item).length > 1;
}

function withContent(request: StepRequest<object>, other: OtherContent<object>): StepRequest<object> {
  return { ...request, items: request.items.map((item) => ({ ...item, ...other.with })) };
}

/** Runs a step until no item's row is busy, as a saga does. */
async function settled({ run }: StepCall, request?: StepRequest<object>): Promise<readonly StepAnswer[]> {
  for (;;) {
    const answers = await run(request);
    if (answers.every(({ outcome }) => outcome !== 'busy')) return answers;
  }
}
