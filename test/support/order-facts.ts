/** An order, its reservation and their events, as the audit reads them. */
import type {
  AggregateEvents,
  OrderFacts,
  OrderRow,
  RecordedEvent,
  ReservationRow,
} from '../../ops/audit/rows';

export const ORDER_ID = '019f0000-0000-7000-8000-000000000001';
export const CUSTOMER_ID = '019f0000-0000-7000-8000-00000000000a';
export const SAGA_ID = `orders-${ORDER_ID}-2`;

/** What happened to an order, by the state in which that leaves it. */
const ORDER_EVENTS = {
  PENDING: ['OrderCreated'],
  APPROVED: ['OrderCreated', 'OrderApproved'],
  CANCELLING: ['OrderCreated', 'OrderApproved', 'OrderCancellationRequested'],
  CANCELLED: ['OrderCreated', 'OrderCancelled'],
} as const;

/** What happened to a reservation; one that was `BURIED` was released without having been. */
const CREDIT_EVENTS = {
  RESERVED: ['CreditReserved'],
  RELEASED: ['CreditReserved', 'CreditReleased'],
  REJECTED: ['CreditLimitExceeded'],
  BURIED: ['CreditReleased'],
} as const;

export type OrderFate = keyof typeof ORDER_EVENTS;
export type CreditFate = keyof typeof CREDIT_EVENTS;

const STATE_AFTER = {
  OrderCreated: 'PENDING',
  OrderApproved: 'APPROVED',
  OrderCancellationRequested: 'CANCELLING',
  OrderCancelled: 'CANCELLED',
} as const;

export const NO_EVENTS: AggregateEvents = { events: [], pruned: 'none' };

export function order(fate: OrderFate): OrderRow {
  return {
    ...{ id: ORDER_ID, sagaId: SAGA_ID, customerId: CUSTOMER_ID, totalMinor: 100n, currency: 'USD' },
    ...{ state: fate, reason: fate === 'CANCELLED' ? 'CUSTOMER_REQUEST' : null },
    version: ORDER_EVENTS[fate].length,
  };
}

export function reservation(fate: CreditFate): ReservationRow {
  return {
    ...{ orderId: ORDER_ID, sagaId: SAGA_ID, customerId: CUSTOMER_ID, amountMinor: 100n, currency: 'USD' },
    status: fate === 'BURIED' ? 'RELEASED' : fate,
    reason: fate === 'REJECTED' ? 'INSUFFICIENT_CREDIT' : null,
    version: CREDIT_EVENTS[fate].length,
  };
}

export function orderEvents(
  fate: OrderFate,
  { customerId, totalMinor, currency } = order(fate),
): AggregateEvents {
  const content = { orderId: ORDER_ID, customerId, amountMinor: Number(totalMinor), currency };
  return eventsOf(ORDER_EVENTS[fate], (type) => ({
    ...content,
    state: STATE_AFTER[type],
    ...(type === 'OrderCancelled' && { reason: 'CUSTOMER_REQUEST' }),
  }));
}

export function creditEvents(
  fate: CreditFate,
  { customerId, amountMinor, currency } = reservation(fate),
): AggregateEvents {
  const content = { orderId: ORDER_ID, customerId, amountMinor: Number(amountMinor), currency };
  return eventsOf(CREDIT_EVENTS[fate], (type) => ({
    ...content,
    ...(type === 'CreditLimitExceeded' && { reason: 'INSUFFICIENT_CREDIT' }),
    ...(type === 'CreditReleased' && { heldMinor: fate === 'BURIED' ? 0 : Number(amountMinor) }),
  }));
}

function eventsOf<Type extends string>(
  types: readonly Type[],
  dataOf: (type: Type) => RecordedEvent['data'],
): AggregateEvents {
  const events = types.map((type, index) => ({
    id: `${type}-${String(index)}`,
    subject: ORDER_ID,
    sequence: index + 1,
    type,
    data: dataOf(type),
  }));
  return { events, pruned: 'none' };
}

/** Each row with the events that it should have. */
export function orderFacts(
  fate: OrderFate | undefined,
  credit: CreditFate | undefined,
  changes: Partial<OrderFacts> = {},
): OrderFacts {
  return {
    id: ORDER_ID,
    order: fate && order(fate),
    reservation: credit && reservation(credit),
    orderEvents: fate ? orderEvents(fate) : NO_EVENTS,
    creditEvents: credit ? creditEvents(credit) : NO_EVENTS,
    view: undefined,
    viewBehind: false,
    ...changes,
  };
}
