/** What an order waits for, from recorded histories that are cut where an operator asks. */
import { expect, test } from '@jest/globals';
import { remainingSteps } from '../../api/operators/remaining-steps';
import type { SagaFact } from '../../api/operators/saga-facts';
import { factsOf, ordersOf, pathOfRecorded, recordedEvents } from '../support/recorded-sagas';

/** Of the first order, when the history has so many facts for which `until` holds. */
async function remainingWhen(name: string, until: (fact: SagaFact) => boolean, order = 0) {
  const events = recordedEvents(name);
  const whole = await factsOf(events);
  const last = whole.find(until);
  if (!last) throw new Error(`${name} has no such moment`);
  const begun = events.filter(({ eventId }) => Number(eventId) <= last.seq);
  const facts = await factsOf(begun);
  const orderId = ordersOf(facts)[order] ?? '';
  const path = await pathOfRecorded(events, facts, orderId);
  return {
    facts,
    remaining: remainingSteps({ sagaId: 'saga', orderId, place: 0, facts, path }),
  };
}

const isPause = (fact: SagaFact) => fact.kind === 'timer' && fact.purpose === 'pause';
const timeOf = (fact: SagaFact | undefined) => (fact?.kind === 'timer' ? fact.until : NaN);
const near = (time: string | undefined, ms: number) => Math.abs(Date.parse(String(time)) - ms) <= 1;

test('the approval is paused: when it is tried next, and when it is parked', async () => {
  const { remaining, facts } = await remainingWhen('colocated-approval-on-queue', isPause);
  expect(remaining).toEqual([
    {
      ...{ saga: 'saga', step: 'approve', state: 'waiting', attempts: 1 },
      failure: 'approveOrders: its database is away',
      ...{ nextAttemptAt: expect.any(String), parksAt: expect.any(String) },
    },
  ]);
  const [first] = remaining;
  expect(near(first?.nextAttemptAt, timeOf(facts.find(isPause)))).toBe(true);
  const parking = facts.find((fact) => fact.kind === 'timer' && fact.purpose === 'parking');
  expect(Date.parse(String(first?.nextAttemptAt)) - Number(facts.find(isPause)?.at)).toBeCloseTo(50, -1);
  expect(near(first?.parksAt, timeOf(parking))).toBe(true);
});

test('a credit check that is retried has a deadline, and the approval after it', async () => {
  const { remaining, facts } = await remainingWhen('colocated-credit-timeout', isPause);
  expect(remaining).toMatchObject([
    { step: 'reserve credit', state: 'waiting', attempts: 1 },
    { step: 'approve', state: 'expected' },
  ]);
  const deadline = facts.find((fact) => fact.kind === 'timer' && fact.purpose === 'deadline');
  expect(near(remaining[0]?.deadline, timeOf(deadline))).toBe(true);
  expect(remaining[0]).not.toHaveProperty('parksAt');
});

test('after the deadline: the cancellation, and the release of what may be reserved', async () => {
  const { remaining } = await remainingWhen(
    'colocated-credit-timeout',
    (fact) => fact.kind === 'fired' && fact.purpose === 'deadline',
  );
  expect(remaining.map(({ step, state }) => [step, state])).toEqual([
    ['cancel', 'waiting'],
    ['release credit', 'expected'],
  ]);
});

test('a parked step: since its first failure, and it is no longer about to be parked', async () => {
  const { remaining } = await remainingWhen('colocated-release-given-up', ({ kind }) => kind === 'parked');
  expect(remaining).toMatchObject([
    { step: 'release credit', state: 'waiting', parkedSince: expect.stringMatching(/Z$/) },
  ]);
  expect(remaining[0]).not.toHaveProperty('parksAt');
});

test('the first step is on its way', async () => {
  const { remaining } = await remainingWhen('colocated-approved', ({ kind }) => kind === 'started');
  expect(remaining.map(({ step, state, attempts }) => [step, state, attempts])).toEqual([
    ['create as PENDING', 'waiting', 0],
    ['reserve credit', 'expected', undefined],
    ['approve', 'expected', undefined],
  ]);
});

test("a cancellation: all of its steps; after Temporal's Cancel, those of the cancellation", async () => {
  const started = ({ kind }: SagaFact) => kind === 'started';
  const cancels = await remainingWhen('colocated-cancels-approved', started);
  expect(cancels.remaining.map(({ step }) => step)).toEqual([
    ...['request cancellation', 'release credit', 'cancel'],
  ]);
  const cancelled = ({ kind }: SagaFact) => kind === 'cancel-requested';
  const button = await remainingWhen('distributed-cancel-button', cancelled);
  expect(button.remaining.map(({ step }) => step)).toEqual([
    ...['request cancellation', 'release credit', 'cancel'],
  ]);
});

test('a saga that has ended has no steps left, whatever it has left undone', async () => {
  const { remaining } = await remainingWhen('colocated-given-up-twice', ({ kind }) => kind === 'ended');
  expect(remaining).toEqual([]);
});

test('a saga that continued as new resumes where it was: answers of earlier runs count', async () => {
  const runs = [recordedEvents('colocated-long-credit-1'), recordedEvents('colocated-long-credit-2')];
  const [orderId = ''] = ordersOf(await factsOf(...runs));
  const last = runs[1] ?? [];
  // Also when the earlier run is gone: the saga passes on what it knows.
  for (const facts of [await factsOf(runs[0] ?? [], last.slice(0, 3)), await factsOf(last.slice(0, 3))]) {
    const path = await pathOfRecorded(last, facts, orderId);
    const remaining = remainingSteps({ sagaId: 'saga', orderId, place: 0, facts, path });
    expect(remaining.map(({ step }) => step)).toEqual(['reserve credit', 'approve']);
  }
});

test('the pause is over: the next attempt is due', async () => {
  const { remaining } = await remainingWhen(
    'colocated-approval-on-queue',
    (fact) => fact.kind === 'fired' && fact.purpose === 'pause',
  );
  expect(remaining).toMatchObject([{ step: 'approve', state: 'waiting', attempts: 1 }]);
  expect(remaining[0]).not.toHaveProperty('nextAttemptAt');
});

test('the attempts on a task queue count, although Temporal records the last one only', async () => {
  const { remaining } = await remainingWhen('distributed-retried-on-queue', ({ kind }) => kind === 'parked');
  expect(remaining).toMatchObject([{ step: 'release credit', attempts: 3 }]);
});

test('a refused step is not done: it waits, and its reason is that of the refusal', async () => {
  const { remaining } = await remainingWhen('colocated-release-conflict', ({ kind }) => kind === 'parked');
  expect(remaining).toMatchObject([
    { step: 'release credit', state: 'waiting', failure: 'credit is reserved with other content' },
  ]);
});

test("Temporal's Cancel before the credit check: it is not requested any more", async () => {
  const { remaining } = await remainingWhen(
    'colocated-cancel-button-before-credit',
    ({ kind }) => kind === 'cancel-requested',
  );
  expect(remaining.map(({ step }) => step)).not.toContain('reserve credit');
  expect(remaining.map(({ step }) => step)).toContain('request cancellation');
});

test('a second, late answer of an earlier step changes nothing', async () => {
  const events = recordedEvents('colocated-approved');
  const facts = await factsOf(events);
  const [orderId = ''] = ordersOf(facts);
  const late = facts.flatMap((fact) =>
    fact.kind === 'attempt' && fact.activity === 'createPendingOrders'
      ? [{ ...fact, endSeq: fact.seq + 1.5 }]
      : [],
  );
  const path = await pathOfRecorded(events, [...facts, ...late], orderId);
  expect(path.map(({ words, state }) => [words, state])).toEqual([
    ...[
      ['create as PENDING', 'answered'],
      ['reserve credit', 'answered'],
      ['approve', 'answered'],
    ],
  ]);
});
