/** Ten bookings in one workflow, of which one has its row locked by a transaction that is none of the saga's. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import type { SagaInput } from '../../saga/contract';
import { answeredSteps } from '../../saga/testing/histories';
import { eventually } from '../support/http';
import { hold } from '../support/outages';
import { type SagaWorker, startSagaWorker } from '../support/saga-worker';
import type { Settings } from '../support/tiny-saga/saga';
import type { Booking } from '../support/tiny-saga/steps';
import { TinyStores } from '../support/tiny-saga/stores';

const stores = new TinyStores();
let worker: SagaWorker;

beforeAll(async () => {
  worker = await startSagaWorker(require.resolve('../support/tiny-saga/saga'), 'seats', {
    ...stores.steps,
    takePayments,
  });
});
afterAll(() => worker.stop());

/** Bookings whose payment service is away. */
const unpayable = new Set<string>();

const takePayments: typeof stores.steps.takePayments = (request) => {
  if (request.items.some(({ bookingId }) => unpayable.has(bookingId)))
    throw new Error('the payment service is away');
  return stores.steps.takePayments(request);
};

const booking = (): Booking => ({ bookingId: randomUUID(), price: 50 });

function book(subjects: readonly [Booking, ...Booking[]]) {
  const input: SagaInput<Booking, Settings> = {
    placement: 'colocated',
    subjects,
    settings: { paymentTimeoutMs: 20_000 },
  };
  return worker.client.workflow.start('bookSeat', {
    workflowId: `bookings-${subjects[0].bookingId}`,
    taskQueue: 'seats',
    args: [input],
  });
}

const stateOf = async (booking: Booking) => (await stores.traces(booking)).rows['seat'];

test('nine bookings complete, with one activity per step, while the tenth row is locked; then the tenth completes', async () => {
  const first = booking();
  const others = Array.from({ length: 9 }, booking);
  await stores.steps.holdSeats({ sagaId: 'an earlier run', items: [first] });
  const lock = await hold(stores.seatsUrl, 'SELECT FROM seats WHERE id = $1 FOR UPDATE', [first.bookingId]);

  const handle = await book([first, ...others]);
  await eventually(async () => {
    const states = new Set(await Promise.all(others.map(stateOf)));
    return states.size === 1 && states.has('CONFIRMED') ? true : undefined;
  });
  expect(await stateOf(first)).toBe('HELD');
  // Local steps are in the history when their workflow task is completed.
  const soFar = await eventually(async () => {
    const steps = answeredSteps([await handle.fetchHistory()]);
    return steps.includes('confirmSeats') ? steps : undefined;
  });
  expect(soFar.filter((step) => step !== 'holdSeats')).toEqual(['takePayments', 'confirmSeats']);
  // Only one subject is left, and it waits for a row: the process may start other groups.
  expect(worker.progressOf(handle.workflowId)).toEqual([{ kind: 'waits', subjectIds: [first.bookingId] }]);

  await lock.release();
  expect(await handle.result()).toEqual({ outcomes: [first, ...others].map(() => ({ state: 'BOOKED' })) });
  expect(worker.progressOf(handle.workflowId)).toMatchObject([{ kind: 'waits' }, { kind: 'ended' }]);
  const { workflowBundle } = worker;
  await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory(), handle.workflowId);
});

test('a saga that waits for an unavailable service does not report that it waits: others would have to wait too', async () => {
  const [one, other] = [booking(), booking()];
  await stores.steps.holdSeats({ sagaId: 'an earlier run', items: [one] });
  const lock = await hold(stores.seatsUrl, 'SELECT FROM seats WHERE id = $1 FOR UPDATE', [one.bookingId]);
  unpayable.add(other.bookingId);
  const handle = await book([one, other]);
  await eventually(async () => {
    const steps = answeredSteps([await handle.fetchHistory()]);
    return steps.filter((step) => step === 'holdSeats').length > 1 ? true : undefined;
  });
  expect(worker.progressOf(handle.workflowId)).toEqual([]);
  unpayable.clear();
  await lock.release();
  await handle.result();
  expect(worker.progressOf(handle.workflowId)).toEqual([{ kind: 'ended' }]);
});
