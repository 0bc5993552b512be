/** Invariant 5 as pure functions: what folding the events gives, and what is wrong with a row that is otherwise. */
import { describe, expect, test } from '@jest/globals';
import { foldCustomer, foldOrder, foldReservation } from '../../ops/audit/fold';
import type { AggregateEvents, CustomerFacts, OrderFacts, RecordedEvent } from '../../ops/audit/rows';
import {
  creditInconsistencies,
  customerInconsistencies,
  orderInconsistencies,
} from '../../ops/audit/event-consistency';
import {
  type CreditFate,
  creditEvents,
  CUSTOMER_ID,
  NO_EVENTS,
  order,
  type OrderFate,
  orderFacts,
  orderEvents,
  reservation,
} from '../support/order-facts';

const FATES: readonly OrderFate[] = ['PENDING', 'APPROVED', 'CANCELLING', 'CANCELLED'];
const CREDIT_FATES: readonly CreditFate[] = ['RESERVED', 'RELEASED', 'REJECTED', 'BURIED'];

const customerCreated: RecordedEvent = {
  ...{ id: '1', subject: CUSTOMER_ID, sequence: 1, type: 'CustomerCreated' },
  data: { customerId: CUSTOMER_ID, name: 'Ada', creditLimitMinor: 1_000, currency: 'USD' },
};
const customerFacts: CustomerFacts = {
  id: CUSTOMER_ID,
  customer: { name: 'Ada', limitMinor: 1_000n, currency: 'USD', reservedMinor: 0n },
  customerEvents: { events: [customerCreated], pruned: 'none' },
  heldMinor: 0n,
  view: undefined,
  viewBehind: false,
};

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

describe('folding gives the row', () => {
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

  test('an order that was approved before it was cancelled', () => {
    const { events } = orderEvents('CANCELLING');
    const [cancelled] = orderEvents('CANCELLED').events.slice(-1);
    const recorded = {
      events: [...events, { ...cancelled, sequence: 4 }],
      pruned: 'none',
    } as AggregateEvents;
    expect(foldOrder(recorded)).toMatchObject({ row: { state: 'CANCELLED', version: 4 }, wrong: [] });
  });

  test('when events come twice', () => {
    const recorded = orderEvents('CANCELLING');
    expect(foldOrder({ ...recorded, events: recorded.events.flatMap((event) => [event, event]) })).toEqual(
      foldOrder(recorded),
    );
  });

  test('when the first events were pruned: what is kept says all', () => {
    const pruned = without(without(orderEvents('CANCELLING'), 0), 0, 'the first');
    expect(foldOrder(pruned)).toEqual(foldOrder(orderEvents('CANCELLING')));
    expect(foldReservation(without(creditEvents('RELEASED'), 0, 'all'))).toEqual(
      foldReservation(creditEvents('RELEASED')),
    );
  });
});

describe('what cannot have happened', () => {
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
  });
});

describe('a row that is otherwise', () => {
  test.each<[Partial<OrderFacts['order']>, string]>([
    [{ customerId: order('PENDING').id }, `customerId ${order('PENDING').id}, not ${CUSTOMER_ID}`],
    [{ totalMinor: 99n }, 'totalMinor 99, not 100'],
    [{ currency: 'EUR' }, 'currency EUR, not USD'],
    [{ state: 'APPROVED', reason: null }, 'state APPROVED, not CANCELLED; reason null, not CUSTOMER_REQUEST'],
    [{ reason: 'UNKNOWN_CUSTOMER' }, 'reason UNKNOWN_CUSTOMER, not CUSTOMER_REQUEST'],
    [{ version: 3 }, 'version 3, not 2'],
  ])('an order: %o', (changes, words) => {
    const facts = orderFacts('CANCELLED', undefined, { order: { ...order('CANCELLED'), ...changes } });
    expect(orderInconsistencies(facts)).toEqual([`its row is not what its events say: ${words}`]);
  });

  test.each<[Partial<OrderFacts['reservation']>, string]>([
    [{ customerId: order('PENDING').id }, `customerId ${order('PENDING').id}, not ${CUSTOMER_ID}`],
    [{ amountMinor: 99n }, 'amountMinor 99, not 100'],
    [{ currency: 'EUR' }, 'currency EUR, not USD'],
    [{ status: 'RESERVED' }, 'status RESERVED, not REJECTED'],
    [{ reason: 'UNKNOWN_CUSTOMER' }, 'reason UNKNOWN_CUSTOMER, not INSUFFICIENT_CREDIT'],
    [{ version: 2 }, 'version 2, not 1'],
  ])('a reservation: %o', (changes, words) => {
    const facts = orderFacts(undefined, 'REJECTED', {
      reservation: { ...reservation('REJECTED'), ...changes },
    });
    expect(creditInconsistencies(facts)).toEqual([
      `its reservation's row is not what its events say: ${words}`,
    ]);
  });

  test.each<[Partial<CustomerFacts['customer']>, string]>([
    [{ name: 'Eve' }, 'name Eve, not Ada'],
    [{ limitMinor: 1n }, 'limitMinor 1, not 1000'],
    [{ currency: 'EUR' }, 'currency EUR, not USD'],
  ])('a customer: %o', (changes, words) => {
    const { customer } = customerFacts;
    if (!customer) throw new Error('there is none');
    expect(customerInconsistencies({ ...customerFacts, customer: { ...customer, ...changes } })).toEqual([
      `its row is not what its events say: ${words}`,
    ]);
  });

  test('rows that are gone, and events that are', () => {
    expect(orderInconsistencies(orderFacts('APPROVED', undefined, { order: undefined }))).toEqual([
      'its row is gone, and OrderApproved (2) is there',
    ]);
    expect(creditInconsistencies(orderFacts(undefined, 'RESERVED', { reservation: undefined }))).toEqual([
      "its reservation's row is gone, and CreditReserved (1) is there",
    ]);
    expect(customerInconsistencies({ ...customerFacts, customer: undefined })).toEqual([
      'its row is gone, and CustomerCreated (1) is there',
    ]);
    expect(orderInconsistencies(orderFacts('PENDING', undefined, { orderEvents: NO_EVENTS }))).toEqual([
      'it has no events',
    ]);
    expect(creditInconsistencies(orderFacts(undefined, 'BURIED', { creditEvents: NO_EVENTS }))).toEqual([
      'its reservation has no events',
    ]);
    expect(customerInconsistencies({ ...customerFacts, customerEvents: NO_EVENTS })).toEqual([
      'it has no events',
    ]);
  });

  test('events that may have been pruned are not missed', () => {
    const all: AggregateEvents = { events: [], pruned: 'all' };
    const facts = orderFacts('APPROVED', 'RESERVED', { orderEvents: all, creditEvents: all });
    expect([...orderInconsistencies(facts), ...creditInconsistencies(facts)]).toEqual([]);
    expect(orderInconsistencies({ ...facts, orderEvents: { events: [], pruned: 'the first' } })).toEqual([
      'it has no events',
    ]);
  });
});
