/** Law of a saga that waits for a long time. */
import { expect } from '@jest/globals';
import { RETRY_STEP, type RetryStepRequest } from '../contract';
import { expectEnds, type LawOfPaths, stepsThatMustSucceed } from './law';
import { atStep, failing, permanentFailure, plainly } from './tampering';

/** 500 events replay in milliseconds. */
const MOST_EVENTS = 500;

export const bounded: LawOfPaths = {
  words: 'it continues as new while its last step keeps failing, and still ends on its path',
  oneOfEachKind: true,
  concerns: (concerned) => stepsThatMustSucceed(concerned).length > 0,
  holds: async ({ saga, path, runs }) => {
    const last = stepsThatMustSucceed({ saga, path }).at(-1);
    if (last === undefined) throw new TypeError('no step of the path must succeed');
    let firstRun: string | undefined;
    const ran = await runs.run(path, {
      tampering: () =>
        atStep(last, async (call) => {
          const handle = runs.client.workflow.getHandle(call.request.sagaId);
          const { runId } = await handle.describe();
          firstRun ??= runId;
          if (runId !== firstRun) return plainly(call);
          // An operator who keeps retrying it: the step should fail often, not wait.
          await handle.signal<[RetryStepRequest]>(RETRY_STEP, { by: 'the law' });
          return failing(call, 'before its statement', permanentFailure());
        }),
    });
    expectEnds(path, { ran });
    const lengths = ran.histories.map(({ events }) => events?.length ?? 0);
    expect(lengths.length).toBeGreaterThan(1);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MOST_EVENTS);
  },
};
