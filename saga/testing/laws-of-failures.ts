/** Laws of a saga whose steps fail, that runs again, or that is cancelled. */
import { expect } from '@jest/globals';
import { PARKED_MEMO } from '../contract';
import {
  each,
  endsByItself,
  expectEnds,
  faultPoints,
  type LawOfPaths,
  mapped,
  steadySteps,
  stepsThatMustSucceed,
} from './law';
import { answeredSteps, wasParked } from './histories';
import { atStep, failing, lostConnection, permanentFailure, plainly } from './tampering';

export const takesItsPath: LawOfPaths = {
  words: 'it runs the steps of its path in order, and ends as the path declares',
  holds: async ({ path, runs }) => {
    const ran = await runs.run(path);
    expectEnds(path, { ran });
    // A step that fails on the path may be retried, or has no answer.
    const answered = answeredSteps(ran.histories).filter((step) => step !== path.fails?.step);
    expect(answered).toEqual(path.steps.filter((step) => step !== path.fails?.step));
  },
};

export const retried: LawOfPaths = {
  words: 'a step that fails once, before its statement or after its commit, is retried: each transition once',
  concerns: ({ path }) => steadySteps(path).length > 0,
  holds: async ({ path, runs }) => {
    const ran = await each(faultPoints(steadySteps(path)), ({ step, moment }) =>
      runs.run(path, {
        tampering: () =>
          atStep(step, (call) =>
            call.attempt === 1 ? failing(call, moment, lostConnection()) : plainly(call),
          ),
      }),
    );
    expectEnds(path, ran);
  },
};

export const parked: LawOfPaths = {
  words: 'a step that must succeed and fails permanently is parked and retried',
  concerns: (concerned) => stepsThatMustSucceed(concerned).length > 0,
  holds: async ({ saga, path, runs }) => {
    const ran = await each(faultPoints(stepsThatMustSucceed({ saga, path })), ({ step, moment }) =>
      runs.run(path, {
        tampering: () =>
          atStep(step, async (call) => {
            // Not only once: a busy machine may lose the failure, because the attempt takes too long.
            const { memo } = await runs.client.workflow.getHandle(call.request.sagaId).describe();
            return memo?.[PARKED_MEMO] ? plainly(call) : failing(call, moment, permanentFailure());
          }),
      }),
    );
    expect(mapped(ran, ({ histories }) => wasParked(histories))).toEqual(mapped(ran, () => true));
    expectEnds(path, ran);
  },
};

export const final: LawOfPaths = {
  words: 'a saga that runs again from the start changes nothing',
  concerns: endsByItself,
  holds: async ({ path, runs }) => {
    const first = await runs.run(path);
    expectEnds(path, { first });
    const again = await runs.again(path, first);
    expect(again.came).toEqual(again.came.map(({ outcome }) => ({ outcome, ...path.ends })));
  },
};

export const cancelled: LawOfPaths = {
  words: "Temporal's Cancel at any step ends as the path declares",
  concerns: ({ saga, path }) => endsByItself({ saga, path }) && path.cancelled !== 'needs an operator',
  holds: async ({ path, runs }) => {
    const ran = await each([...new Set(path.steps)], (step) =>
      runs.run(path, {
        before: async (call) => {
          if (call.step === step && call.attempt === 1)
            await runs.client.workflow.getHandle(call.request.sagaId).cancel();
        },
      }),
    );
    if (typeof path.cancelled !== 'object') {
      expectEnds(path, ran);
      return;
    }
    const rows: unknown = expect.objectContaining(path.cancelled);
    const came = mapped(ran, ({ came: [one] }) => ({
      rows: one?.rows,
      once: new Set(one?.transitions).size === one?.transitions.length,
    }));
    expect(came).toEqual(mapped(ran, () => ({ rows, once: true })));
  },
};
