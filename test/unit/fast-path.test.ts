import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { FAST_PATH_MS, FastPath } from '../../saga/host/fast-path';
import { bookSeat } from '../support/tiny-saga/saga';
import type { Booking } from '../support/tiny-saga/steps';

const SAGA = 'a saga';
const booking = { bookingId: 'a booking', price: 50 };

type Answer = () => Promise<string>;

/** Fake steps of the tiny saga: each returns the outcome that the test sets, and records that it ran. */
class Steps {
  readonly executed: string[] = [];
  readonly answers = new Map<string, Answer>();

  readonly activities = Object.fromEntries(
    ['holdSeats', 'takePayments', 'confirmSeats', 'releaseSeats', 'refundPayments'].map((name) => [
      name,
      () => this.execute(name),
    ]),
  );

  async execute(name: string) {
    this.executed.push(name);
    const straight: Record<string, string> = {
      holdSeats: 'HELD',
      takePayments: 'PAID',
      confirmSeats: 'CONFIRMED',
    };
    const outcome = (await this.answers.get(name)?.()) ?? straight[name];
    return [{ bookingId: booking.bookingId, outcome }];
  }
}

let steps: Steps;
let path: FastPath<Booking, { readonly paymentTimeoutMs: number }>;

beforeEach(() => {
  jest.useFakeTimers();
  steps = new Steps();
  path = new FastPath({ run: bookSeat.run, settings: { paymentTimeoutMs: 1_000 } });
  path.shareSteps(steps.activities);
});

afterEach(() => {
  jest.useRealTimers();
});

/** The workflow's attempt of a step, in the worker of the same process. */
function attempt(name: string): Promise<unknown> {
  return path.sharedResult(SAGA, name, () => steps.execute(name));
}

const answered = (outcome: string) => [{ bookingId: booking.bookingId, outcome }];

test('runs each step of the straight path once, and the workflow gets the results', async () => {
  expect(await path.run(SAGA, booking)).toBe(true);
  expect(await attempt('holdSeats')).toEqual(answered('HELD'));
  expect(await attempt('takePayments')).toEqual(answered('PAID'));
  expect(await attempt('confirmSeats')).toEqual(answered('CONFIRMED'));
  expect(steps.executed).toEqual(['holdSeats', 'takePayments', 'confirmSeats']);
});

test('passes a result to one attempt: a further one runs the step', async () => {
  await path.run(SAGA, booking);
  await attempt('holdSeats');
  await attempt('holdSeats');
  expect(steps.executed.filter((name) => name === 'holdSeats')).toHaveLength(2);
});

test('ends at an answer that is not the straight one, and compensates nothing', async () => {
  steps.answers.set('takePayments', () => Promise.resolve('REFUSED'));
  expect(await path.run(SAGA, booking)).toBe(false);
  expect(await attempt('takePayments')).toEqual(answered('REFUSED'));
  expect(steps.executed).toEqual(['holdSeats', 'takePayments']);
});

test('ends at a failure, which the workflow gets once', async () => {
  steps.answers.set('takePayments', () => Promise.reject(new Error('no connection')));
  expect(await path.run(SAGA, booking)).toBe(false);
  await expect(attempt('takePayments')).rejects.toThrow('no connection');
  steps.answers.delete('takePayments');
  expect(await attempt('takePayments')).toEqual(answered('PAID'));
});

test('joins a step that the workflow has begun', async () => {
  let answer: (outcome: string) => void = () => undefined;
  steps.answers.set('takePayments', () => new Promise((resolve) => (answer = resolve)));
  steps.answers.set('holdSeats', async () => {
    void attempt('takePayments');
    return Promise.resolve('HELD');
  });
  const ran = path.run(SAGA, booking);
  await jest.advanceTimersByTimeAsync(0);
  answer('PAID');
  expect(await ran).toBe(true);
  expect(steps.executed).toEqual(['holdSeats', 'takePayments', 'confirmSeats']);
});

test('begins no step and passes on no result after its time', async () => {
  let answer: (outcome: string) => void = () => undefined;
  steps.answers.set('takePayments', () => new Promise((resolve) => (answer = resolve)));
  const ran = path.run(SAGA, booking);
  await jest.advanceTimersByTimeAsync(FAST_PATH_MS);
  await attempt('holdSeats');
  answer('PAID');
  expect(await ran).toBe(false);
  expect(steps.executed).toEqual(['holdSeats', 'takePayments', 'holdSeats']);
});

test('other sagas have their own results', async () => {
  await path.run('another saga', booking);
  await attempt('holdSeats');
  expect(steps.executed.filter((name) => name === 'holdSeats')).toHaveLength(2);
});
