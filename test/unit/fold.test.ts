/** Invariant 5 as pure functions: folding the events gives the row, or reports impossible events. */
import { describe, expect, test } from '@jest/globals';
import { foldCustomer, foldOrder, foldReservation } from '../../ops/audit/fold';
import type { AggregateEvents, RecordedEvent } from '../../ops/audit/rows';
import { customerCreated, customerFacts, personalDataErased } from '../support/customer-facts';
import {
  creditEvents,
  type CreditFate,
  CUSTOMER_ID,
  order,
  orderEvents,
  type OrderFate,
  reservation,
} from '../support/order-facts';

const FATES: readonly OrderFate[] = ['PENDING', 'APPROVED', 'CANCELLING', 'CANCELLED'];
const CREDIT_FATES: readonly CreditFate[] = ['RESERVED', 'RELEASED', 'REJECTED', 'BURIED'];

/** The events with one of them otherwise. */
function otherwise(
  { events, pruned }: AggregateEvents,
  at: number,
  changes: Partial<RecordedEvent>,
): AggregateEvents {
  return { events: events.map((event, index) => (index === at ? { ...event, ...changes } : event)), pruned };
}

function saying(recorded: AggregateEvents, at: number, data: RecordedEvent['data']): AggregateEvents {
  return otherwise(recorded, at, { data: { ...recorded.events[at]?.data, ...data } });
}

const without = (
  { events }: AggregateEvents,
  at: number,
  pruned: AggregateEvents['pruned'] = 'none',
): AggregateEvents => ({
  events: events.filter((_event, index) => index !== at),
  pruned,
});

describe('folding the events gives the row', () => {
  test.each(FATES)('of an order: %s', (fate) => {
    const { id: _id, sagaId: _sagaId, ...row } = order(fate);
    expect(foldOrder(orderEvents(fate))).toEqual({ row, wrong: [] });
  });

  test.each(CREDIT_FATES)('of a reservation: %s', (fate) => {
    const { orderId: _orderId, sagaId: _sagaId, ...row } = reservation(fate);
    expect(foldReservation(creditEvents(fate))).toEqual({ row, wrong: [] });
  });

  test('of a customer', () => {
    const { reservedMinor: _reservedMinor, ...row } = { ...customerFacts.customer };
    expect(foldCustomer(customerFacts.customerEvents)).toEqual({ row, wrong: [] });
  });

  test('of a customer whose personal data is erased', () => {
    const events = [customerCreated, personalDataErased];
    const row = { limitMinor: 1_000n, currency: 'USD', version: 2 };
    expect(foldCustomer({ events, pruned: 'none' })).toEqual({ row, wrong: [] });
    expect(foldCustomer({ events: [personalDataErased], pruned: 'the first' })).toEqual({ row, wrong: [] });
  });

  test('an order that was approved before it was cancelled', () => {
    const { events } = orderEvents('CANCELLING');
    const [cancelled] = orderEvents('CANCELLED').events.slice(-1);
    const recorded = {
      events: [...events, { ...cancelled, sequence: 4 }],
      pruned: 'none',
    } as AggregateEvents;
    expect(foldOrder(recorded)).toMatchObject({ row: { state: 'CANCELLED', version: 4 }, wrong: [] });
  });

  test('of events that arrive twice', () => {
    const recorded = orderEvents('CANCELLING');
    expect(foldOrder({ ...recorded, events: recorded.events.flatMap((event) => [event, event]) })).toEqual(
      foldOrder(recorded),
    );
  });

  test('of kept events, when the first ones were pruned', () => {
    const pruned = without(without(orderEvents('CANCELLING'), 0), 0, 'the first');
    expect(foldOrder(pruned)).toEqual(foldOrder(orderEvents('CANCELLING')));
    expect(foldReservation(without(creditEvents('RELEASED'), 0, 'all'))).toEqual(
      foldReservation(creditEvents('RELEASED')),
    );
  });
});

describe('impossible events are reported', () => {
  const approved = orderEvents('APPROVED');
  const cannot = (words: string) => [words];

  test.each<[string, AggregateEvents, string[]]>([
    [
      'approved twice',
      otherwise(orderEvents('CANCELLING'), 2, {
        type: 'OrderApproved',
        data: approved.events[1]?.data ?? {},
      }),
      cannot('OrderApproved (3) cannot follow APPROVED'),
    ],
    [
      'created twice',
      otherwise(approved, 1, { type: 'OrderCreated', data: approved.events[0]?.data ?? {} }),
      cannot('OrderCreated (2) cannot follow PENDING'),
    ],
    [
      'approved first',
      otherwise(without(approved, 0), 0, { sequence: 1 }),
      cannot('OrderApproved (1) cannot follow nothing'),
    ],
    [
      'a gap',
      without(orderEvents('CANCELLING'), 1),
      cannot('there is a gap before OrderCancellationRequested (3)'),
    ],
    ['no beginning', without(approved, 0), cannot('there is a gap before OrderApproved (2)')],
    [
      'another amount',
      saying(approved, 1, { amountMinor: 99 }),
      cannot('OrderApproved (2) is about another customer, amount or currency'),
    ],
    [
      'another customer',
      saying(approved, 1, { customerId: order('PENDING').id }),
      cannot('OrderApproved (2) is about another customer, amount or currency'),
    ],
    [
      'another state',
      saying(approved, 1, { state: 'PENDING' }),
      cannot('OrderApproved (2) does not belong here, or does not say what it must'),
    ],
    [
      'nothing said',
      otherwise(approved, 1, { data: {} }),
      cannot('OrderApproved (2) does not belong here, or does not say what it must'),
    ],
    [
      "another order's event",
      otherwise(approved, 1, { subject: CUSTOMER_ID }),
      cannot('OrderApproved (2) does not belong here, or does not say what it must'),
    ],
    [
      'a credit event',
      otherwise(approved, 1, { type: 'CreditReserved' }),
      cannot('CreditReserved (2) does not belong here, or does not say what it must'),
    ],
  ])('to an order: %s', (_words, recorded, wrong) => {
    expect(foldOrder(recorded).wrong).toEqual(wrong);
  });

  test.each<[string, AggregateEvents, string[]]>([
    [
      'reserved after it was rejected',
      otherwise(creditEvents('RELEASED'), 0, creditEvents('REJECTED').events[0] ?? {}),
      cannot('CreditReleased (2) cannot follow REJECTED'),
    ],
    [
      'reserved twice',
      otherwise(creditEvents('RELEASED'), 1, { type: 'CreditReserved' }),
      cannot('CreditReserved (2) cannot follow RESERVED'),
    ],
    [
      'less given back than was held',
      saying(creditEvents('RELEASED'), 1, { heldMinor: 99 }),
      cannot('CreditReleased (2) gives back 99 of 100'),
    ],
    [
      'more given back than was held',
      saying(creditEvents('BURIED'), 0, { heldMinor: 100 }),
      cannot('CreditReleased (1) gives back 100 of 0'),
    ],
    [
      'another currency',
      saying(creditEvents('RELEASED'), 1, { currency: 'EUR' }),
      cannot('CreditReleased (2) is about another customer, amount or currency'),
    ],
    [
      'no reason',
      otherwise(creditEvents('REJECTED'), 0, { data: creditEvents('RESERVED').events[0]?.data ?? {} }),
      cannot('CreditLimitExceeded (1) does not belong here, or does not say what it must'),
    ],
  ])('to a reservation: %s', (_words, recorded, wrong) => {
    expect(foldReservation(recorded).wrong).toEqual(wrong);
  });

  test('to a customer', () => {
    const twice = {
      events: [customerCreated, { ...customerCreated, id: '2', sequence: 2 }],
      pruned: 'none',
    } as const;
    expect(foldCustomer(twice).wrong).toEqual(['CustomerCreated (2) cannot follow CREATED']);
    const again = { ...personalDataErased, id: '3', sequence: 3 };
    const erasedTwice = { events: [customerCreated, personalDataErased, again], pruned: 'none' } as const;
    expect(foldCustomer(erasedTwice).wrong).toEqual(['CustomerPersonalDataErased (3) cannot follow ERASED']);
    const other = { ...personalDataErased, data: { ...personalDataErased.data, currency: 'EUR' } };
    expect(foldCustomer({ events: [customerCreated, other], pruned: 'none' }).wrong).toEqual([
      'CustomerPersonalDataErased (2) is about another customer, amount or currency',
    ]);
  });
});
