import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { FAST_PATH_MS } from '../../saga/host/fast-path';
import { RequestedSteps } from '../../saga/host/requested-steps';

const booking = { bookingId: 'a booking', price: 50 };
const request = { sagaId: 'a saga', items: [booking] };
/** The same, as it comes over the task queue. */
const attempted = {
  sagaId: 'a saga',
  items: [{ ...booking }],
  retried: { outcomes: ['busy'], permanentFailures: false },
};

const answered = (outcome: string) => [{ bookingId: 'a booking', outcome }];

let steps: RequestedSteps;
let executed: number;
let answer: () => Promise<unknown>;

const takePayments = () => {
  executed += 1;
  return answer();
};

beforeEach(() => {
  jest.useFakeTimers();
  executed = 0;
  answer = () => Promise.resolve(answered('PAID'));
  steps = new RequestedSteps();
  steps.shareAnswers({ takePayments });
});

afterEach(() => {
  jest.useRealTimers();
});

/** The workflow's attempt, in the worker of the same process. */
const attempt = (asked: object = attempted) => steps.answers('takePayments', asked, takePayments);

test('a step that was requested runs once: the attempt of the workflow gets its answers', async () => {
  expect(await steps.run('takePayments', request)).toEqual(answered('PAID'));
  expect(await attempt()).toEqual(answered('PAID'));
  expect(executed).toBe(1);
});

test('an attempt waits for a request that is under way', async () => {
  let pay: (answers: unknown) => void = () => undefined;
  answer = () => new Promise((resolve) => (pay = resolve));
  const ran = steps.run('takePayments', request);
  const got = attempt();
  pay(answered('PAID'));
  expect([await ran, await got]).toEqual([answered('PAID'), answered('PAID')]);
  expect(executed).toBe(1);
});

test('an attempt that is repeated runs the step', async () => {
  await steps.run('takePayments', request);
  await attempt();
  await attempt();
  expect(executed).toBe(2);
});

test.each([
  ['busy', () => Promise.resolve(answered('busy')), false],
  ['no list of answers', () => Promise.resolve(undefined), false],
  ['a failure', () => Promise.reject(new Error('no connection')), true],
])('an attempt does not get %s: it runs the step', async (_words, first, fails) => {
  answer = first;
  const ran = steps.run('takePayments', request);
  if (fails) await expect(ran).rejects.toThrow('no connection');
  else await ran;
  answer = () => Promise.resolve(answered('PAID'));
  expect(await attempt()).toEqual(answered('PAID'));
  expect(executed).toBe(2);
});

test('an attempt of another saga, or with other content, runs the step', async () => {
  await steps.run('takePayments', request);
  await attempt({ ...attempted, sagaId: 'another saga' });
  await attempt({ ...attempted, items: [{ ...booking, price: 51 }] });
  expect(executed).toBe(3);
});

test('the answers are forgotten when the fast path is over', async () => {
  await steps.run('takePayments', request);
  await jest.advanceTimersByTimeAsync(FAST_PATH_MS);
  await attempt();
  expect(executed).toBe(2);
});

test('a step that the service does not have is refused', async () => {
  await expect(steps.run('toString', request)).rejects.toThrow('there is no activity toString');
});
