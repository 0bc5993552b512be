/** Invariant 5 as pure functions: the differences between a row and its events. */
import { expect, test } from '@jest/globals';
import type { AggregateEvents, CustomerFacts, OrderFacts } from '../../ops/audit/rows';
import {
  creditInconsistencies,
  customerInconsistencies,
  orderInconsistencies,
} from '../../ops/audit/event-consistency';
import { customerFacts } from '../support/customer-facts';
import { CUSTOMER_ID, NO_EVENTS, order, orderFacts, reservation } from '../support/order-facts';

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
  [{ version: 2 }, 'version 2, not 1'],
  [{ limitMinor: 1n }, 'limitMinor 1, not 1000'],
  [{ currency: 'EUR' }, 'currency EUR, not USD'],
])('a customer: %o', (changes, words) => {
  const { customer } = customerFacts;
  if (!customer) throw new Error('there is none');
  expect(customerInconsistencies({ ...customerFacts, customer: { ...customer, ...changes } })).toEqual([
    `its row is not what its events say: ${words}`,
  ]);
});

test('missing rows, and missing events', () => {
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

test('events that may have been pruned are not missing', () => {
  const all: AggregateEvents = { events: [], pruned: 'all' };
  const facts = orderFacts('APPROVED', 'RESERVED', { orderEvents: all, creditEvents: all });
  expect([...orderInconsistencies(facts), ...creditInconsistencies(facts)]).toEqual([]);
  expect(orderInconsistencies({ ...facts, orderEvents: { events: [], pruned: 'the first' } })).toEqual([
    'it has no events',
  ]);
});
