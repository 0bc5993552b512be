/** Laws of the fast path: it changes no end of a saga. */
import { each, endsByItself, expectEnds, faultPoints, type LawOfPaths, steadySteps } from './law';
import { atStep, failing, lostConnection, plainly } from './tampering';

export const onTheFastPath: LawOfPaths = {
  words: 'it ends on its path when it takes the fast path',
  concerns: ({ saga, path }) => saga.run !== undefined && endsByItself({ saga, path }),
  holds: async ({ path, runs }) => {
    expectEnds(path, { ran: await runs.run(path, { onFastPath: true }) });
  },
};

export const leavingTheFastPath: LawOfPaths = {
  words: 'it ends on its path when the fast path fails at any step, before its statement or after its commit',
  oneOfEachKind: true,
  concerns: ({ saga, path }) => saga.run !== undefined && endsByItself({ saga, path }),
  holds: async ({ path, runs }) => {
    const ran = await each(faultPoints(steadySteps(path)), ({ step, moment }) =>
      runs.run(path, {
        onFastPath: true,
        tampering: () =>
          atStep(step, (call) =>
            call.attempt === 1 ? failing(call, moment, lostConnection()) : plainly(call),
          ),
      }),
    );
    expectEnds(path, ran);
  },
};
