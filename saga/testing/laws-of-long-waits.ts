/** Law of a saga that waits for a long time. */
import { expect } from '@jest/globals';
import { expectEnds, type LawOfPaths, stepsThatMustSucceed } from './law';
import { atStep, failing, permanentFailure, plainly } from './tampering';

/** 500 events replay in milliseconds. */
const MOST_EVENTS = 500;

/** 10 ms: the step should fail often, not wait. */
const PAUSE_MS = 10;

export const bounded: LawOfPaths = {
  words: 'it continues as new while its last step keeps failing, and still ends on its path',
  oneOfEachKind: true,
  concerns: (concerned) => stepsThatMustSucceed(concerned).length > 0,
  holds: async ({ saga, path, runs }) => {
    const last = stepsThatMustSucceed({ saga, path }).at(-1);
    if (last === undefined) throw new TypeError('no step of the path must succeed');
    let firstRun: string | undefined;
    const ran = await runs.run(path, {
      longestPauseMs: PAUSE_MS,
      tampering: () =>
        atStep(last, async (call) => {
          const { runId } = await runs.client.workflow.getHandle(call.request.sagaId).describe();
          firstRun ??= runId;
          return runId === firstRun
            ? failing(call, 'before its statement', permanentFailure())
            : plainly(call);
        }),
    });
    expectEnds(path, { ran });
    const lengths = ran.histories.map(({ events }) => events?.length ?? 0);
    expect(lengths.length).toBeGreaterThan(1);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MOST_EVENTS);
  },
};
