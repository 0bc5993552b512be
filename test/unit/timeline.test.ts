/** One order of time: causes before effects, also within a millisecond, whatever the order of the sources. */
import { expect, test } from '@jest/globals';
import { eventEntries, type RecordedEvent, withEarlierCommits } from '../../api/operators/event-entries';
import { historyEntries, type SagaOfOrder } from '../../api/operators/history-entries';
import type { AttemptFact, SagaFact } from '../../api/operators/saga-facts';
import { timelineOf } from '../../api/operators/timeline';
import { CUSTOMER_ID, ORDER_ID } from '../support/order-facts';

const START = Date.parse('2026-12-01T10:00:00.000Z');
const SAGA = `order-${ORDER_ID}`;

function attempt(seq: number, activity: string, outcome: string, at: number): AttemptFact {
  return {
    ...{ kind: 'attempt', at: START + at, seq, endSeq: seq, endedAt: START + at, activity, words: activity },
    ...{ where: 'saga process', attempt: 1, answers: [{ orderId: ORDER_ID, outcome }] },
  };
}

function event(type: string, sequence: number, at: number, publishedAt?: number): RecordedEvent {
  const isOfOrder = type.startsWith('Order');
  return {
    ...{ source: isOfOrder ? '/order-service' : '/customer-service', type, sequence, sagaId: SAGA },
    occurredAt: new Date(START + at),
    publishedAt: publishedAt === undefined ? undefined : new Date(START + publishedAt),
  };
}

const started: SagaFact = {
  ...{ kind: 'started', at: START, seq: 1, isFirst: true },
  input: {
    subjects: [{ orderId: ORDER_ID, customerId: CUSTOMER_ID, totalMinor: 100, currency: 'USD' }],
  },
};

const saga = (...facts: SagaFact[]): SagaOfOrder => ({
  ...{ sagaId: SAGA, orderId: ORDER_ID, place: 0, facts: [started, ...facts], path: undefined },
});

function told(of: SagaOfOrder, events: readonly RecordedEvent[]): string[] {
  const history = withEarlierCommits(historyEntries(of), events, [of]);
  const all = [...eventEntries(events, [of]), ...history];
  const forwards = timelineOf(all);
  expect(timelineOf(all.toReversed())).toEqual(forwards);
  return forwards.map((entry) => {
    if (entry.kind === 'step-attempted') return entry.step + (entry.committedBefore ? ' (again)' : '');
    return 'type' in entry ? `${entry.type} ${entry.kind.slice('event-'.length)}` : entry.kind;
  });
}

test('all in one millisecond: a step, its event, the publication, the next step, the end', () => {
  const of = saga(
    attempt(5, 'createPendingOrders', 'created', 0),
    attempt(6, 'reserveCredit', 'reserved', 0),
    attempt(7, 'approveOrders', 'approved', 0),
    { kind: 'ended', at: START, seq: 8, status: 'COMPLETED' },
  );
  const events = [
    event('OrderApproved', 2, 0, 0),
    event('CreditReserved', 1, 0),
    event('OrderCreated', 1, 0, 0),
  ];
  expect(told(of, events)).toEqual([
    ...['saga-started', 'createPendingOrders', 'OrderCreated recorded', 'OrderCreated published'],
    ...['reserveCredit', 'CreditReserved recorded'],
    ...['approveOrders', 'OrderApproved recorded', 'OrderApproved published', 'saga-ended'],
  ]);
});

test('different times: the time decides, also against the history', () => {
  const of = saga(
    attempt(5, 'createPendingOrders', 'created', 1),
    attempt(6, 'reserveCredit', 'reserved', 3),
  );
  expect(told(of, [event('OrderCreated', 1, 2, 9)])).toEqual([
    ...['saga-started', 'createPendingOrders', 'OrderCreated recorded', 'reserveCredit'],
    'OrderCreated published',
  ]);
});

test('an event that is older than the attempt which answers: committed before', () => {
  const of = saga(
    attempt(5, 'createPendingOrders', 'created', 7),
    attempt(6, 'reserveCredit', 'reserved', 8),
  );
  expect(told(of, [event('OrderCreated', 1, 2)])).toEqual([
    ...['saga-started', 'OrderCreated recorded', 'createPendingOrders (again)', 'reserveCredit'],
  ]);
});

test('times are rounded as PostgreSQL does, so that a commit never seems older than its attempt', () => {
  const of = saga(
    attempt(5, 'createPendingOrders', 'created', 1.2),
    attempt(6, 'reserveCredit', 'reserved', 1.9),
  );
  // At 1.6 ms, as timestamptz(3) stores it.
  expect(told(of, [event('OrderCreated', 1, 2)])).toEqual([
    ...['saga-started', 'createPendingOrders', 'OrderCreated recorded', 'reserveCredit'],
  ]);
});

test('an event of a step without an attempt in the history, and of another saga, is shown at its time', () => {
  const other = { ...event('OrderCancelled', 2, 0), sagaId: 'cancel-order' };
  expect(told(saga(attempt(5, 'createPendingOrders', 'created', 1)), [other])).toEqual([
    ...['saga-started', 'OrderCancelled recorded', 'createPendingOrders'],
  ]);
});
