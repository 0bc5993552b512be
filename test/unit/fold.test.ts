/** Invariant 5 as pure functions: what folding the events gives, and what is wrong with a row that is otherwise. */
import { describe, expect, test } from '@jest/globals';
import { foldCustomer, foldOrder, foldReservation } from '../../audit/fold';
import type { CustomerFacts, OrderFacts, RecordedEvent, Story } from '../../audit/rows';
import { wrongCreditStory, wrongCustomerStory, wrongOrderStory } from '../../audit/stories';
import {
  type CreditFate,
  creditStory,
  CUSTOMER_ID,
  NO_STORY,
  order,
  type OrderFate,
  orderFacts,
  orderStory,
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
  story: { events: [customerCreated], pruned: 'none' },
  heldMinor: 0n,
  view: undefined,
  viewBehind: false,
};

/** The story with one of its events otherwise. */
function otherwise({ events, pruned }: Story, at: number, changes: Partial<RecordedEvent>): Story {
  return { events: events.map((event, index) => (index === at ? { ...event, ...changes } : event)), pruned };
}

function saying(story: Story, at: number, data: RecordedEvent['data']): Story {
  return otherwise(story, at, { data: { ...story.events[at]?.data, ...data } });
}

const without = ({ events }: Story, at: number, pruned: Story['pruned'] = 'none'): Story => ({
  events: events.filter((_event, index) => index !== at),
  pruned,
});

describe('folding gives the row', () => {
  test.each(FATES)('of an order: %s', (fate) => {
    const { id: _id, sagaId: _sagaId, ...row } = order(fate);
    expect(foldOrder(orderStory(fate))).toEqual({ row, wrong: [] });
  });

  test.each(CREDIT_FATES)('of a reservation: %s', (fate) => {
    const { orderId: _orderId, sagaId: _sagaId, ...row } = reservation(fate);
    expect(foldReservation(creditStory(fate))).toEqual({ row, wrong: [] });
  });

  test('of a customer', () => {
    const { reservedMinor: _reservedMinor, ...row } = { ...customerFacts.customer };
    expect(foldCustomer(customerFacts.story)).toEqual({ row, wrong: [] });
  });

  test('an order that was approved before it was cancelled', () => {
    const { events } = orderStory('CANCELLING');
    const [cancelled] = orderStory('CANCELLED').events.slice(-1);
    const story = { events: [...events, { ...cancelled, sequence: 4 }], pruned: 'none' } as Story;
    expect(foldOrder(story)).toMatchObject({ row: { state: 'CANCELLED', version: 4 }, wrong: [] });
  });

  test('when events come twice', () => {
    const story = orderStory('CANCELLING');
    expect(foldOrder({ ...story, events: story.events.flatMap((event) => [event, event]) })).toEqual(
      foldOrder(story),
    );
  });

  test('when the first events were pruned: what is kept says all', () => {
    const pruned = without(without(orderStory('CANCELLING'), 0), 0, 'the first');
    expect(foldOrder(pruned)).toEqual(foldOrder(orderStory('CANCELLING')));
    expect(foldReservation(without(creditStory('RELEASED'), 0, 'all'))).toEqual(
      foldReservation(creditStory('RELEASED')),
    );
  });
});

describe('what cannot have happened', () => {
  const approved = orderStory('APPROVED');
  const cannot = (words: string) => [words];

  test.each<[string, Story, string[]]>([
    [
      'approved twice',
      otherwise(orderStory('CANCELLING'), 2, { type: 'OrderApproved', data: approved.events[1]?.data ?? {} }),
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
      without(orderStory('CANCELLING'), 1),
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
  ])('to an order: %s', (_words, story, wrong) => {
    expect(foldOrder(story).wrong).toEqual(wrong);
  });

  test.each<[string, Story, string[]]>([
    [
      'reserved after it was rejected',
      otherwise(creditStory('RELEASED'), 0, creditStory('REJECTED').events[0] ?? {}),
      cannot('CreditReleased (2) cannot follow REJECTED'),
    ],
    [
      'reserved twice',
      otherwise(creditStory('RELEASED'), 1, { type: 'CreditReserved' }),
      cannot('CreditReserved (2) cannot follow RESERVED'),
    ],
    [
      'less given back than was held',
      saying(creditStory('RELEASED'), 1, { heldMinor: 99 }),
      cannot('CreditReleased (2) gives back 99 of 100'),
    ],
    [
      'more given back than was held',
      saying(creditStory('BURIED'), 0, { heldMinor: 100 }),
      cannot('CreditReleased (1) gives back 100 of 0'),
    ],
    [
      'another currency',
      saying(creditStory('RELEASED'), 1, { currency: 'EUR' }),
      cannot('CreditReleased (2) is about another customer, amount or currency'),
    ],
    [
      'no reason',
      otherwise(creditStory('REJECTED'), 0, { data: creditStory('RESERVED').events[0]?.data ?? {} }),
      cannot('CreditLimitExceeded (1) does not belong here, or does not say what it must'),
    ],
  ])('to a reservation: %s', (_words, story, wrong) => {
    expect(foldReservation(story).wrong).toEqual(wrong);
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
    expect(wrongOrderStory(facts)).toEqual([`its row is not what its events say: ${words}`]);
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
    expect(wrongCreditStory(facts)).toEqual([`its reservation's row is not what its events say: ${words}`]);
  });

  test.each<[Partial<CustomerFacts['customer']>, string]>([
    [{ name: 'Eve' }, 'name Eve, not Ada'],
    [{ limitMinor: 1n }, 'limitMinor 1, not 1000'],
    [{ currency: 'EUR' }, 'currency EUR, not USD'],
  ])('a customer: %o', (changes, words) => {
    const { customer } = customerFacts;
    if (!customer) throw new Error('there is none');
    expect(wrongCustomerStory({ ...customerFacts, customer: { ...customer, ...changes } })).toEqual([
      `its row is not what its events say: ${words}`,
    ]);
  });

  test('rows that are gone, and events that are', () => {
    expect(wrongOrderStory(orderFacts('APPROVED', undefined, { order: undefined }))).toEqual([
      'its row is gone, and OrderApproved (2) is there',
    ]);
    expect(wrongCreditStory(orderFacts(undefined, 'RESERVED', { reservation: undefined }))).toEqual([
      "its reservation's row is gone, and CreditReserved (1) is there",
    ]);
    expect(wrongCustomerStory({ ...customerFacts, customer: undefined })).toEqual([
      'its row is gone, and CustomerCreated (1) is there',
    ]);
    expect(wrongOrderStory(orderFacts('PENDING', undefined, { orderStory: NO_STORY }))).toEqual([
      'it has no events',
    ]);
    expect(wrongCreditStory(orderFacts(undefined, 'BURIED', { creditStory: NO_STORY }))).toEqual([
      'its reservation has no events',
    ]);
    expect(wrongCustomerStory({ ...customerFacts, story: NO_STORY })).toEqual(['it has no events']);
  });

  test('events that may have been pruned are not missed', () => {
    const all: Story = { events: [], pruned: 'all' };
    const facts = orderFacts('APPROVED', 'RESERVED', { orderStory: all, creditStory: all });
    expect([...wrongOrderStory(facts), ...wrongCreditStory(facts)]).toEqual([]);
    expect(wrongOrderStory({ ...facts, orderStory: { events: [], pruned: 'the first' } })).toEqual([
      'it has no events',
    ]);
  });
});
