/**
 * What must hold, as functions of what the databases say about one order or one customer: the six invariants of
 * ARCHITECTURE.md, and that the order history tells the same. Pure; who reads, and when, is somebody else's.
 */

import { differences, foldOrder } from './fold';
import type { Coverage, CustomerFacts, CustomerRow, OrderFacts, OrderRow, ReservationRow } from './rows';
import { creditInconsistencies, customerInconsistencies, orderInconsistencies } from './event-consistency';

export const INVARIANTS = {
  credit: "1. a customer's reserved credit is within the limit, and the sum of its reservations",
  terminal: '2. every order ends APPROVED or CANCELLED, each transition once',
  reservation: '3. APPROVED holds exactly its amount, CANCELLED nothing',
  identity: '4. an order is what was asked for',
  outbox: '5. the events are the history of the state changes',
  saga: '6. no saga runs for a terminal order, and no open order is without one',
  view: 'the order history tells the same',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Finding {
  readonly invariant: Invariant;
  /** Order or customer id. */
  readonly subject: string;
  readonly words: string;
  /**
   * Who puts it right by itself: then it is in flight. A saga while it runs, the order history when it has taken in
   * what it has not yet. Undefined: nobody, it is wrong.
   */
  readonly settledBy?: 'saga' | 'view';
}

export function isTerminal({ state }: OrderRow): boolean {
  return state === 'APPROVED' || state === 'CANCELLED';
}

export function wrongCustomer(facts: CustomerFacts, { withView }: Coverage): Finding[] {
  const { id, customer, heldMinor } = facts;
  const found = (invariant: Invariant, all: readonly string[]) =>
    all.map((words): Finding => ({ invariant, subject: id, words }));
  return [
    ...found('credit', customer ? wrongSum(customer, heldMinor) : []),
    ...found('outbox', customerInconsistencies(facts)),
    ...(withView ? inView(facts, wrongCustomerView(facts)) : []),
  ];
}

function wrongSum({ reservedMinor, limitMinor }: CustomerRow, heldMinor: bigint): string[] {
  const reserved = `reserved ${String(reservedMinor)}`;
  return [
    ...(reservedMinor < 0n || reservedMinor > limitMinor
      ? [`${reserved} is not within 0 and the limit ${String(limitMinor)}`]
      : []),
    ...(reservedMinor === heldMinor
      ? []
      : [`${reserved} is not the sum ${String(heldMinor)} of its reservations`]),
  ];
}

function wrongCustomerView({ customer, heldMinor, view }: CustomerFacts): string[] {
  if (!customer) return view ? ['the order history has a customer that does not exist'] : [];
  if (!view) return ['the order history does not have it'];
  const { name, limitMinor, currency } = customer;
  return inOtherWords({ name, limitMinor, currency, reservedMinor: heldMinor }, view);
}

function inView(
  { id, viewBehind }: Pick<OrderFacts, 'id' | 'viewBehind'>,
  all: readonly string[],
): Finding[] {
  return all.map((words) => ({
    invariant: 'view',
    subject: id,
    words,
    ...(viewBehind && { settledBy: 'view' }),
  }));
}

/** All that is wrong with one order, but for its saga. */
export function wrongOrder(facts: OrderFacts, { withView }: Coverage): Finding[] {
  const { id } = facts;
  const one = (invariant: Invariant, words: string): Finding => ({ invariant, subject: id, words });
  const found = (invariant: Invariant, all: readonly string[]) => all.map((words) => one(invariant, words));
  return [
    ...found('terminal', wrongTransitions(facts)),
    ...found('reservation', wrongReservation(facts)),
    ...(keepsCredit(facts)
      ? [{ ...one('reservation', 'CANCELLED, and holds credit'), settledBy: 'saga' as const }]
      : []),
    ...found('identity', wrongIdentity(facts)),
    ...found('outbox', [...orderInconsistencies(facts), ...creditInconsistencies(facts)]),
    ...(withView ? inView(facts, wrongView(facts)) : []),
  ];
}

/** No kind of transition can happen to an order twice. */
function wrongTransitions({ orderEvents }: OrderFacts): string[] {
  const types = orderEvents.events.map(({ type }) => type);
  const twice = new Set(types.filter((type, index) => types.indexOf(type) !== index));
  return [...twice].map((type) => `${type} happened twice`);
}

function wrongReservation({ order, reservation }: OrderFacts): string[] {
  const holds = reservation?.status === 'RESERVED';
  if (!order) return reservation ? [`credit is ${reservation.status} for an order that does not exist`] : [];
  if (order.state !== 'APPROVED') return [];
  if (!holds) return ['APPROVED, and holds no credit'];
  return isFor(reservation, order) ? [] : ['APPROVED, and holds other credit than its total'];
}

/** Whether it is a reservation of what the order asks for. */
export function isFor(
  { amountMinor, customerId, currency }: Pick<ReservationRow, 'amountMinor' | 'customerId' | 'currency'>,
  order: OrderRow,
): boolean {
  return amountMinor === order.totalMinor && customerId === order.customerId && currency === order.currency;
}

/** Until its saga has compensated. */
function keepsCredit({ order, reservation }: OrderFacts): boolean {
  return order?.state === 'CANCELLED' && reservation?.status === 'RESERVED';
}

/** What never changes about an order is as it was created. */
function wrongIdentity({ order, orderEvents }: OrderFacts): string[] {
  const [created] = orderEvents.events;
  if (!order || created?.type !== 'OrderCreated') return [];
  const { row: told } = foldOrder({ events: [created], pruned: 'none' });
  return !told || isFor({ amountMinor: told.totalMinor, ...told }, order)
    ? []
    : ['it is not what OrderCreated says that was asked for'];
}

function wrongView({ order, view }: OrderFacts): string[] {
  if (!order) return view ? ['the order history has an order that does not exist'] : [];
  if (!view) return ['the order history does not have it'];
  const { customerId, totalMinor, currency, state, reason, version } = order;
  return inOtherWords({ customerId, totalMinor, currency, state, reason, version }, view);
}

function inOtherWords<Row extends object>(row: Row, view: NoInfer<Row>): string[] {
  const otherwise = differences(row, view);
  return otherwise.length > 0 ? [`the order history has it otherwise: ${otherwise.join('; ')}`] : [];
}
