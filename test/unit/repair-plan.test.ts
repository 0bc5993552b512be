/** The plan of the repair for each kind of order; the findings are those of the audit for the same rows. */
import { describe, expect, test } from '@jest/globals';
import { type Finding, isTerminal, wrongOrder } from '../../ops/audit/invariants';
import type { OrderFacts, ReservationRow } from '../../ops/audit/rows';
import { planRepairs, type RepairPlan } from '../../ops/repair/repair-plan';
import {
  type CreditFate,
  creditEvents,
  CUSTOMER_ID,
  order,
  ORDER_ID,
  type OrderFate,
  orderFacts,
  orderEvents,
  reservation,
  SAGA_ID,
} from '../support/order-facts';

const REQUEST = { orderId: ORDER_ID, customerId: CUSTOMER_ID, totalMinor: 100, currency: 'USD' };

/** What the audit says when no saga runs. */
function findingsOf(facts: OrderFacts, withView = false): Finding[] {
  const { order: row } = facts;
  const open = row && !isTerminal(row);
  return [
    ...wrongOrder(facts, { withView }),
    ...(open ? (['terminal', 'saga'] as const) : []).map((invariant) => ({
      invariant,
      subject: ORDER_ID,
      words: `${row?.state ?? ''}, and nobody is at it`,
    })),
  ];
}

function planOf(facts: OrderFacts, withView = false): RepairPlan {
  return planRepairs(findingsOf(facts, withView), new Map([[ORDER_ID, facts]]));
}

const CREATE = { kind: 'create', sagaId: SAGA_ID, orders: [REQUEST] };
const CANCEL = { kind: 'cancel', order: REQUEST };

test.each<[OrderFate | undefined, CreditFate | undefined, object | 'nothing' | 'a person']>([
  [undefined, undefined, 'nothing'],
  [undefined, 'RESERVED', CREATE],
  [undefined, 'RELEASED', CREATE],
  [undefined, 'REJECTED', CREATE],
  [undefined, 'BURIED', CREATE],
  ['PENDING', undefined, CREATE],
  ['PENDING', 'RESERVED', CREATE],
  ['PENDING', 'RELEASED', CREATE],
  ['PENDING', 'REJECTED', CREATE],
  ['PENDING', 'BURIED', CREATE],
  ['APPROVED', undefined, CREATE],
  ['APPROVED', 'RESERVED', 'nothing'],
  ['APPROVED', 'RELEASED', CANCEL],
  ['APPROVED', 'REJECTED', 'a person'],
  ['APPROVED', 'BURIED', CANCEL],
  ['CANCELLING', undefined, CANCEL],
  ['CANCELLING', 'RESERVED', CANCEL],
  ['CANCELLING', 'RELEASED', CANCEL],
  ['CANCELLING', 'REJECTED', CANCEL],
  ['CANCELLING', 'BURIED', CANCEL],
  ['CANCELLED', undefined, 'nothing'],
  ['CANCELLED', 'RESERVED', CANCEL],
  ['CANCELLED', 'RELEASED', 'nothing'],
  ['CANCELLED', 'REJECTED', 'nothing'],
  ['CANCELLED', 'BURIED', 'nothing'],
])('order %s, credit %s', (fate, credit, expected) => {
  const { repairs, manual } = planOf(orderFacts(fate, credit));
  expect(repairs).toEqual(typeof expected === 'string' ? [] : [expected]);
  expect(manual.length > 0).toBe(expected === 'a person');
});

test.each(['INSUFFICIENT_CREDIT', 'CREDIT_CHECK_TIMEOUT', 'CREDIT_CHECK_FAILED'])(
  'an order that its own saga cancelled (%s) and that holds credit: the saga releases it',
  (reason) => {
    const cancelled = { ...order('CANCELLED'), reason };
    expect(planOf(orderFacts('CANCELLED', 'RESERVED', { order: cancelled })).repairs).toEqual([CREATE]);
  },
);

describe('a reservation with other content than the order: no saga can proceed', () => {
  test.each<[OrderFate, CreditFate, Partial<ReservationRow>]>([
    ['PENDING', 'RESERVED', { amountMinor: 99n }],
    ['PENDING', 'RELEASED', { currency: 'EUR' }],
    ['PENDING', 'REJECTED', { customerId: ORDER_ID }],
    ['APPROVED', 'RESERVED', { amountMinor: 99n }],
    ['APPROVED', 'RESERVED', { customerId: ORDER_ID }],
    ['APPROVED', 'RESERVED', { currency: 'EUR' }],
    ['APPROVED', 'RELEASED', { amountMinor: 99n }],
    ['CANCELLING', 'RESERVED', { amountMinor: 99n }],
    ['CANCELLED', 'RESERVED', { amountMinor: 99n }],
  ])('order %s, credit %s with %o', (fate, credit, changes) => {
    const other = { ...reservation(credit), ...changes };
    const facts = orderFacts(fate, credit, { reservation: other, creditEvents: creditEvents(credit, other) });
    expect(planOf(facts)).toEqual({ repairs: [], manual: findingsOf(facts) });
  });
});

describe('events beyond the row: the outbox refuses the next transition, so no saga can proceed', () => {
  test.each<[string, OrderFacts]>([
    ['a lost order, approved', orderFacts(undefined, 'RESERVED', { orderEvents: orderEvents('APPROVED') })],
    ['a lost order, cancelled', orderFacts(undefined, 'REJECTED', { orderEvents: orderEvents('CANCELLED') })],
    [
      'a lost order, without credit',
      orderFacts(undefined, undefined, { orderEvents: orderEvents('PENDING') }),
    ],
    ['an order back to PENDING', orderFacts('PENDING', 'RESERVED', { orderEvents: orderEvents('APPROVED') })],
    [
      'an order back to APPROVED',
      orderFacts('APPROVED', 'RELEASED', { orderEvents: orderEvents('CANCELLING') }),
    ],
    ['a lost reservation', orderFacts('APPROVED', undefined, { creditEvents: creditEvents('RESERVED') })],
    ['one that was released', orderFacts('PENDING', undefined, { creditEvents: creditEvents('RELEASED') })],
    ['a reservation back', orderFacts('CANCELLED', 'RESERVED', { creditEvents: creditEvents('RELEASED') })],
  ])('%s', (_words, facts) => {
    expect(planOf(facts)).toEqual({ repairs: [], manual: findingsOf(facts) });
  });
});

describe('the rest', () => {
  test('a lost order whose reservation names only its cancellation is created by its own saga', () => {
    const tombstone = { ...reservation('BURIED'), sagaId: `cancel-order-${ORDER_ID}` };
    expect(planOf(orderFacts(undefined, 'BURIED', { reservation: tombstone })).repairs).toEqual([
      { ...CREATE, sagaId: `order-${ORDER_ID}` },
    ]);
  });

  test('orders without a violation are not changed', () => {
    expect(planRepairs([], new Map())).toEqual({ repairs: [], manual: [] });
  });

  test('the orders of one saga are run together, each once', () => {
    const other = '019f0000-0000-7000-8000-000000000002';
    const both = [
      orderFacts('PENDING', undefined),
      orderFacts('PENDING', 'RESERVED', { id: other, order: { ...order('PENDING'), id: other } }),
    ];
    const findings = both.flatMap(({ id }) =>
      (['terminal', 'saga'] as const).map((invariant) => ({ invariant, subject: id, words: 'it is open' })),
    );
    expect(planRepairs(findings, new Map(both.map((each) => [each.id, each]))).repairs).toEqual([
      { kind: 'create', sagaId: SAGA_ID, orders: [REQUEST, { ...REQUEST, orderId: other }] },
    ]);
  });

  test('the order history is rebuilt once, however many of its orders are wrong', () => {
    const facts = orderFacts('APPROVED', 'RESERVED', { view: order('PENDING') });
    expect(planOf(facts, true)).toEqual({ repairs: [{ kind: 'view' }], manual: [] });
  });

  test.each<Finding>([
    { invariant: 'credit', subject: CUSTOMER_ID, words: 'a sum' },
    { invariant: 'identity', subject: ORDER_ID, words: 'another amount' },
    { invariant: 'outbox', subject: ORDER_ID, words: 'a gap' },
    { invariant: 'saga', subject: ORDER_ID, words: 'a saga runs, and has nothing left to do' },
  ])('$invariant is listed for a person', (finding) => {
    const facts = new Map([[ORDER_ID, orderFacts('APPROVED', 'RESERVED')]]);
    expect(planRepairs([finding], facts)).toEqual({ repairs: [], manual: [finding] });
  });
});
