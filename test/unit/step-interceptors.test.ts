import { expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { retriedByServer } from '../../saga/host/step-interceptors';

interface Answer {
  readonly outcome: string;
}

/** As a worker runs it on its task queue. */
function attempt(number: number, answers: readonly Answer[], outcomes = ['busy']): Promise<unknown> {
  const environment = new MockActivityEnvironment({ attempt: number }, { interceptors: [retriedByServer] });
  const request = { sagaId: 'a saga', items: [], retried: { outcomes, permanentFailures: false } };
  return environment.run((_: unknown) => Promise.resolve(answers), request);
}

test.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [4, 5_000],
  [40, 5_000],
])('all rows locked at attempt %i: the server retries after %i ms', async (number, pauseMs) => {
  const failure = await attempt(number, [{ outcome: 'busy' }, { outcome: 'busy' }]).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ type: 'NoAnswerYet', nextRetryDelay: pauseMs });
});

test('one of two rows locked: the saga gets both answers', async () => {
  const answers = [{ outcome: 'busy' }, { outcome: 'reserved' }];
  expect(await attempt(1, answers)).toEqual(answers);
});
