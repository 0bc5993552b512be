/** What the repair does about each kind of order: the findings are those of the audit about the same rows. */
import { describe, expect, test } from '@jest/globals';
import { type Finding, isTerminal, wrongOrder } from '../../audit/invariants';
import type { OrderFacts, OrderRow, OrderView, RecordedEvent, ReservationRow } from '../../audit/rows';
import { planRepairs, type RepairPlan } from '../../operate/repair-plan';

const ID = '019f0000-0000-7000-8000-000000000001';
const CUSTOMER = '019f0000-0000-7000-8000-00000000000a';
const SAGA = `orders-${ID}-2`;
const REQUEST = { orderId: ID, customerId: CUSTOMER, totalMinor: 100, currency: 'USD' };

type State = 'PENDING' | 'APPROVED' | 'CANCELLING' | 'CANCELLED';
type Credit = 'none' | 'RESERVED' | 'RELEASED' | 'REJECTED' | 'buried';

const STORIES = {
  PENDING: ['OrderCreated'],
  APPROVED: ['OrderCreated', 'OrderApproved'],
  CANCELLING: ['OrderCreated', 'OrderApproved', 'OrderCancellationRequested'],
  CANCELLED: ['OrderCreated', 'OrderCancelled'],
  RESERVED: ['CreditReserved'],
  RELEASED: ['CreditReserved', 'CreditReleased'],
  REJECTED: ['CreditLimitExceeded'],
  buried: ['CreditReleased'],
} as const;

const STATE_AFTER = {
  OrderCreated: 'PENDING',
  OrderApproved: 'APPROVED',
  OrderCancellationRequested: 'CANCELLING',
  OrderCancelled: 'CANCELLED',
} as const;

function order(state: State): OrderRow {
  const reason = state === 'CANCELLED' ? 'CUSTOMER_REQUEST' : null;
  const version = STORIES[state].length;
  return {
    id: ID,
    sagaId: SAGA,
    customerId: CUSTOMER,
    totalMinor: 100n,
    currency: 'USD',
    state,
    reason,
    version,
  };
}

function reservation(credit: Exclude<Credit, 'none'>): ReservationRow {
  return {
    orderId: ID,
    sagaId: SAGA,
    customerId: CUSTOMER,
    amountMinor: 100n,
    currency: 'USD',
    status: credit === 'buried' ? 'RELEASED' : credit,
    version: STORIES[credit].length,
  };
}

function orderEvents(state: State, amountMinor = 100): RecordedEvent[] {
  return STORIES[state].map((type, index) => ({
    subject: ID,
    sequence: index + 1,
    type,
    data: {
      ...{ orderId: ID, customerId: CUSTOMER, amountMinor, currency: 'USD' },
      state: STATE_AFTER[type],
      ...(type === 'OrderCancelled' && { reason: 'CUSTOMER_REQUEST' }),
    },
  }));
}

function creditEvents(
  credit: Exclude<Credit, 'none'>,
  { amountMinor, customerId, currency } = reservation(credit),
): RecordedEvent[] {
  return STORIES[credit].map((type, index) => ({
    subject: ID,
    sequence: index + 1,
    type,
    data: {
      ...{ orderId: ID, customerId, amountMinor: Number(amountMinor), currency },
      ...(type === 'CreditLimitExceeded' && { reason: 'INSUFFICIENT_CREDIT' }),
      ...(type === 'CreditReleased' && { heldMinor: credit === 'buried' ? 0 : 100 }),
    },
  }));
}

/** An order and its reservation, each with the events that it should have. */
function facts(state: State | 'none', credit: Credit, changes: Partial<OrderFacts> = {}): OrderFacts {
  return {
    id: ID,
    order: state === 'none' ? undefined : order(state),
    reservation: credit === 'none' ? undefined : reservation(credit),
    orderEvents: state === 'none' ? [] : orderEvents(state),
    reservationEvents: credit === 'none' ? [] : creditEvents(credit),
    view: undefined,
    ...changes,
  };
}

/** A reservation under the order's id that is not for what the order says. */
function ofOther(
  state: State,
  credit: Exclude<Credit, 'none'>,
  changes: Partial<ReservationRow>,
): OrderFacts {
  const other = { ...reservation(credit), ...changes };
  return facts(state, credit, { reservation: other, reservationEvents: creditEvents(credit, other) });
}

/** What the audit says when no saga runs. */
function findingsOf(of: OrderFacts, withView: boolean): Finding[] {
  const { order: row } = of;
  const open = row && !isTerminal(row);
  return [
    ...wrongOrder(of, { ordersPruned: false, creditPruned: false, withView }),
    ...(open ? (['terminal', 'saga'] as const) : []).map((invariant) => ({
      invariant,
      subject: ID,
      words: `${row?.state ?? ''}, and nobody is at it`,
    })),
  ];
}

function planOf(of: OrderFacts, withView = false): RepairPlan {
  return planRepairs(findingsOf(of, withView), new Map([[ID, of]]));
}

const CREATE = { kind: 'create', sagaId: SAGA, orders: [REQUEST] };
const CANCEL = { kind: 'cancel', order: REQUEST };

test.each<[State | 'none', Credit, object | 'nothing' | 'a person']>([
  ['none', 'none', 'nothing'],
  ['none', 'RESERVED', CREATE],
  ['none', 'RELEASED', CREATE],
  ['none', 'REJECTED', CREATE],
  ['none', 'buried', CREATE],
  ['PENDING', 'none', CREATE],
  ['PENDING', 'RESERVED', CREATE],
  ['PENDING', 'RELEASED', CREATE],
  ['PENDING', 'REJECTED', CREATE],
  ['PENDING', 'buried', CREATE],
  ['APPROVED', 'none', CREATE],
  ['APPROVED', 'RESERVED', 'nothing'],
  ['APPROVED', 'RELEASED', CANCEL],
  ['APPROVED', 'REJECTED', 'a person'],
  ['APPROVED', 'buried', CANCEL],
  ['CANCELLING', 'none', CANCEL],
  ['CANCELLING', 'RESERVED', CANCEL],
  ['CANCELLING', 'RELEASED', CANCEL],
  ['CANCELLING', 'REJECTED', CANCEL],
  ['CANCELLING', 'buried', CANCEL],
  ['CANCELLED', 'none', 'nothing'],
  ['CANCELLED', 'RESERVED', CREATE],
  ['CANCELLED', 'RELEASED', 'nothing'],
  ['CANCELLED', 'REJECTED', 'nothing'],
  ['CANCELLED', 'buried', 'nothing'],
])('order %s, credit %s', (state, credit, expected) => {
  const { repairs, forAPerson } = planOf(facts(state, credit));
  expect(repairs).toEqual(typeof expected === 'string' ? [] : [expected]);
  expect(forAPerson.length > 0).toBe(expected === 'a person');
});

describe('a reservation with other content than the order: no saga gets past it', () => {
  test.each<[State, Exclude<Credit, 'none'>, Partial<ReservationRow>]>([
    ['PENDING', 'RESERVED', { amountMinor: 99n }],
    ['PENDING', 'RELEASED', { currency: 'EUR' }],
    ['PENDING', 'REJECTED', { customerId: ID }],
    ['APPROVED', 'RESERVED', { amountMinor: 99n }],
    ['APPROVED', 'RESERVED', { customerId: ID }],
    ['APPROVED', 'RESERVED', { currency: 'EUR' }],
    ['APPROVED', 'RELEASED', { amountMinor: 99n }],
    ['CANCELLING', 'RESERVED', { amountMinor: 99n }],
    ['CANCELLED', 'RESERVED', { amountMinor: 99n }],
  ])('order %s, credit %s with %o', (state, credit, changes) => {
    const of = ofOther(state, credit, changes);
    expect(planOf(of)).toEqual({ repairs: [], forAPerson: findingsOf(of, false) });
  });
});

describe('events beyond the row: the outbox refuses the next transition, so no saga gets on', () => {
  test.each<[string, OrderFacts]>([
    ['a lost order, approved', facts('none', 'RESERVED', { orderEvents: orderEvents('APPROVED') })],
    ['a lost order, cancelled', facts('none', 'REJECTED', { orderEvents: orderEvents('CANCELLED') })],
    ['a lost order, without credit', facts('none', 'none', { orderEvents: orderEvents('PENDING') })],
    ['an order gone back to PENDING', facts('PENDING', 'RESERVED', { orderEvents: orderEvents('APPROVED') })],
    [
      'an order gone back to APPROVED',
      facts('APPROVED', 'RELEASED', { orderEvents: orderEvents('CANCELLING') }),
    ],
    ['a lost reservation', facts('APPROVED', 'none', { reservationEvents: creditEvents('RESERVED') })],
    [
      'a lost reservation, released',
      facts('PENDING', 'none', { reservationEvents: creditEvents('RELEASED') }),
    ],
    [
      'a reservation gone back',
      facts('CANCELLED', 'RESERVED', { reservationEvents: creditEvents('RELEASED') }),
    ],
  ])('%s', (_words, of) => {
    expect(planOf(of)).toEqual({ repairs: [], forAPerson: findingsOf(of, false) });
  });
});

describe('the rest', () => {
  test('a lost order whose credit only its cancellation knows of is created by a saga of its own', () => {
    const tombstone = { ...reservation('buried'), sagaId: `cancel-order-${ID}` };
    expect(planOf(facts('none', 'buried', { reservation: tombstone })).repairs).toEqual([
      { ...CREATE, sagaId: `order-${ID}` },
    ]);
  });

  test('what the audit does not accuse is left alone', () => {
    expect(planRepairs([], new Map())).toEqual({ repairs: [], forAPerson: [] });
  });

  test('orders of one saga are run by it together, each once', () => {
    const other = '019f0000-0000-7000-8000-000000000002';
    const both = [facts('PENDING', 'none'), facts('PENDING', 'RESERVED')].map((each, index) =>
      index === 0 ? each : { ...each, id: other, order: { ...order('PENDING'), id: other } },
    );
    const findings = both.flatMap(({ id }) =>
      (['terminal', 'saga'] as const).map((invariant) => ({ invariant, subject: id, words: 'it is open' })),
    );
    expect(planRepairs(findings, new Map(both.map((each) => [each.id, each]))).repairs).toEqual([
      { kind: 'create', sagaId: SAGA, orders: [REQUEST, { ...REQUEST, orderId: other }] },
    ]);
  });

  test('the order history is followed again, however many orders it has wrong', () => {
    const view: OrderView = {
      ...{ id: ID, customerId: CUSTOMER, totalMinor: 100n },
      ...{ state: 'PENDING', reason: null, version: 1 },
    };
    expect(planOf(facts('APPROVED', 'RESERVED', { view }), true)).toEqual({
      repairs: [{ kind: 'view' }],
      forAPerson: [],
    });
  });

  test.each<Finding>([
    { invariant: 'credit', subject: CUSTOMER, words: 'a sum' },
    { invariant: 'identity', subject: ID, words: 'another amount' },
    { invariant: 'outbox', subject: ID, words: 'a gap' },
    { invariant: 'saga', subject: ID, words: 'a saga runs, and has nothing left to do' },
  ])('a person judges $invariant', (finding) => {
    const of = facts('APPROVED', 'RESERVED');
    expect(planRepairs([finding], new Map([[ID, of]]))).toEqual({ repairs: [], forAPerson: [finding] });
  });
});
