/** When attempts in the saga's process began and ended: their markers are all recorded at the end of the workflow task. */
import { expect, test } from '@jest/globals';
import { factsOf, recordedEvents } from '../support/recorded-sagas';

const SECOND = Date.parse('2026-11-28T03:48:38.000Z');

test('each attempt ends before the next one begins, and before the task is completed', async () => {
  const facts = await factsOf(recordedEvents('colocated-approval-on-queue'));
  const attempts = facts.filter((fact) => fact.kind === 'attempt').slice(0, 3);
  const times = attempts.map(({ words, at, endedAt = NaN }) => [
    words,
    Math.round(at - SECOND),
    Math.round(endedAt - SECOND),
  ]);
  // The marker says in workflow time that they took 21, 84 and 28 ms.
  expect(times).toEqual([
    ['create as PENDING', 826, 847],
    ['reserve credit', 852, 936],
    ['approve', 964, 991],
  ]);
});
