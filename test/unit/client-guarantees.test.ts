/** How the fault suite classifies answers, and detects broken guarantees and resumed sagas. Planted violations are found. */
import { expect, test } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import { msNumberToTs } from '@temporalio/common/lib/time';
import { classifyAnswer, type RawAnswer } from '../../tools/fault-injection/answer-kinds';
import type { Acknowledged } from '../../tools/fault-injection/acknowledged-order';
import { PLANTED_BUGS } from '../../tools/fault-injection/planted-bugs';
import { changedFiles, functionWith } from '../../tools/fault-injection/plant-bugs';
import {
  brokenGuarantees,
  type FinalOrder,
  otherAnswer,
} from '../../tools/fault-injection/client-guarantees';
import { resumesAt } from '../../tools/fault-injection/affected-sagas';
import { quantile } from '../../tools/fault-injection/recovery';

const PROBLEM = 'application/problem+json';
const UNAVAILABLE: RawAnswer = { status: 503, retryAfter: '1', contentType: PROBLEM, text: '{"status":503}' };

test.each<[string, RawAnswer, ReturnType<typeof classifyAnswer>['kind']]>([
  ['an order', { status: 202, retryAfter: null, contentType: 'application/json', text: '{}' }, 'answer'],
  ['a refusal', { ...UNAVAILABLE, status: 409, retryAfter: null }, 'answer'],
  ['a 503', UNAVAILABLE, 'come back'],
  ['a 429', { ...UNAVAILABLE, status: 429 }, 'come back'],
  ['a 408 without Retry-After', { ...UNAVAILABLE, status: 408, retryAfter: null }, 'come back'],
  ['a 503 without Retry-After', { ...UNAVAILABLE, retryAfter: null }, 'invalid'],
  ['a 503 that is no problem', { ...UNAVAILABLE, contentType: 'application/json' }, 'invalid'],
  ['a 500', { ...UNAVAILABLE, status: 500 }, 'invalid'],
  ['a 504 with Retry-After', { ...UNAVAILABLE, status: 504 }, 'invalid'],
  ['no JSON', { ...UNAVAILABLE, text: 'Service Unavailable' }, 'invalid'],
  ['JSON that is no object', { ...UNAVAILABLE, text: '"later"' }, 'invalid'],
  ['half an answer', { ...UNAVAILABLE, status: 202, text: '{"orderId":' }, 'invalid'],
])('%s', (_name, answer, kind) => {
  expect(classifyAnswer(answer).kind).toBe(kind);
});

const ACKNOWLEDGED: Acknowledged = {
  orderId: 'o',
  customerId: 'c',
  amount: '1.00',
  key: 'k',
  states: new Set(['PENDING']),
  statesAfterCancel: new Set(),
  cancelled: false,
  refusedToCancel: false,
};
const ORDER: FinalOrder = {
  customerId: 'c',
  totalMinor: 100n,
  state: 'APPROVED',
  cancellationReason: null,
};
const REFUSED = { state: 'CANCELLED', cancellationReason: 'INSUFFICIENT_CREDIT' } as const;
const ON_REQUEST = { state: 'CANCELLED', cancellationReason: 'CUSTOMER_REQUEST' } as const;

test.each<[Partial<Acknowledged>, Partial<FinalOrder> | null, string | undefined]>([
  [{}, {}, undefined],
  [{}, REFUSED, undefined],
  [{ states: new Set(['PENDING', 'APPROVED']) }, ON_REQUEST, undefined],
  [{ cancelled: true }, ON_REQUEST, undefined],
  [{}, null, 'o was acknowledged, and has no row'],
  [{}, { totalMinor: 101n }, 'o differs from its request'],
  [{}, { customerId: 'd' }, 'o differs from its request'],
  [{ cancelled: true }, {}, 'o was confirmed as cancelled, and is APPROVED'],
  [{ cancelled: true, statesAfterCancel: new Set(['CANCELLING', 'CANCELLED']) }, ON_REQUEST, undefined],
  [
    { cancelled: true, statesAfterCancel: new Set(['APPROVED', 'CANCELLED']) },
    ON_REQUEST,
    'o was confirmed as cancelled, and was APPROVED when it was read after that',
  ],
  [{ refusedToCancel: true }, REFUSED, undefined],
  [{ refusedToCancel: true }, {}, 'o was answered as already cancelled, and is APPROVED (null)'],
  [
    { refusedToCancel: true },
    ON_REQUEST,
    'o was answered as already cancelled, and is CANCELLED (CUSTOMER_REQUEST)',
  ],
  [{ states: new Set(['CANCELLED']) }, {}, 'o was CANCELLED, and is APPROVED'],
  [{ states: new Set(['APPROVED']) }, REFUSED, 'o was APPROVED, and is CANCELLED: INSUFFICIENT_CREDIT'],
])('answer %j, final order %j: %s', (answer, order, words) => {
  const broken = brokenGuarantees({ ...ACKNOWLEDGED, ...answer }, order && { ...ORDER, ...order });
  expect(broken).toEqual(words === undefined ? [] : [words]);
});

test.each<[string, number, object, boolean]>([
  ['as at first', 202, { orderId: 'o', state: 'PENDING' }, true],
  ['another order', 202, { orderId: 'p', state: 'PENDING' }, false],
  ['as it is now', 202, { orderId: 'o', state: 'APPROVED' }, true],
  ['with another status', 201, { orderId: 'o', state: 'APPROVED' }, false],
  ['refused', 409, { type: 'conflict' }, false],
])('a repeated key that is answered %s', (_name, status, body, same) => {
  const answer = { kind: 'answer', status, body: { ...body } } as const;
  expect(otherAnswer(ACKNOWLEDGED, answer).length).toBe(same ? 0 : 1);
  expect(otherAnswer(ACKNOWLEDGED, undefined)).toHaveLength(1);
});

type Event = temporal.api.history.v1.IHistoryEvent;
const at = (ms: number, event: Event): Event => ({ ...event, eventTime: msNumberToTs(ms) });
const TIMED_OUT: Event = { workflowTaskTimedOutEventAttributes: {} };
const TASK: Event = { workflowTaskStartedEventAttributes: {} };
const STEP_RETRIED: Event = {
  activityTaskStartedEventAttributes: { attempt: 2, lastFailure: { timeoutFailureInfo: {} } },
};
const STEP: Event = { activityTaskStartedEventAttributes: { attempt: 1 } };
const FAILED_STEP: Event = {
  activityTaskStartedEventAttributes: { attempt: 2, lastFailure: { applicationFailureInfo: {} } },
};

test.each<[string, readonly Event[], number | undefined]>([
  ['nothing lost', [at(1_100, TASK), at(1_200, STEP)], undefined],
  ['a step that failed by itself', [at(1_100, FAILED_STEP)], undefined],
  ['a task lost before the kill', [at(900, TIMED_OUT), at(1_100, TASK)], undefined],
  ['a task lost', [at(1_050, TASK), at(3_000, TIMED_OUT), at(3_010, TASK)], 3_010],
  ['a step lost', [at(1_700, STEP_RETRIED)], 1_700],
  ['a task lost permanently', [at(3_000, TIMED_OUT)], Infinity],
])('killed at 1,000 ms: %s', (_name, events, expected) => {
  expect(resumesAt(events, 1_000)).toBe(expected);
});

test('the 99th percentile of 200 values is the third last', () => {
  const ascending = Array.from({ length: 200 }, (_, index) => index + 1);
  expect([quantile(ascending, 0.5), quantile(ascending, 0.99), quantile([], 0.99)]).toEqual([100, 198, 0]);
});

test.each(PLANTED_BUGS.map((bug) => [bug.words, bug] as const))(
  'can be planted in the current code: %s',
  (_words, bug) => {
    expect(changedFiles(bug).size + (bug.sql ? functionWith(bug.sql).length : 0)).toBeGreaterThan(0);
  },
);
