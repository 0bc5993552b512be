/**
 * The six invariants of ARCHITECTURE.md, and the agreement of the order history, as functions of the facts about one order
 * or one customer. Pure; the audit reads the facts.
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
  view: 'the order history agrees with the services',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Finding {
  readonly invariant: Invariant;
  /** Order or customer id. */
  readonly subject: string;
  readonly words: string;
  /**
   * What will settle the finding, which is then in flight: a running saga, or the order history once it has applied the
   * remaining events. Undefined: nothing; the finding is a violation.
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
  const { limitMinor, currency, version } = customer;
  return viewDifferences({ limitMinor, currency, reservedMinor: heldMinor, version }, view);
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

/** Returns all findings about one order, except those about its saga. */
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

/** An order makes each kind of transition at most once. */
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

/** Whether the reservation has the customer, the amount and the currency of the order. */
export function isFor(
  { amountMinor, customerId, currency }: Pick<ReservationRow, 'amountMinor' | 'customerId' | 'currency'>,
  order: OrderRow,
): boolean {
  return amountMinor === order.totalMinor && customerId === order.customerId && currency === order.currency;
}

/** A cancelled order keeps its credit until its saga has released it. */
function keepsCredit({ order, reservation }: OrderFacts): boolean {
  return order?.state === 'CANCELLED' && reservation?.status === 'RESERVED';
}

/** The immutable content of an order must be as it was created. */
function wrongIdentity({ order, orderEvents }: OrderFacts): string[] {
  const [created] = orderEvents.events;
  if (!order || created?.type !== 'OrderCreated') return [];
  const { row: folded } = foldOrder({ events: [created], pruned: 'none' });
  return !folded || isFor({ amountMinor: folded.totalMinor, ...folded }, order)
    ? []
    : ['it is not what OrderCreated says that was asked for'];
}

function wrongView({ order, view }: OrderFacts): string[] {
  if (!order) return view ? ['the order history has an order that does not exist'] : [];
  if (!view) return ['the order history does not have it'];
  const { customerId, totalMinor, currency, state, reason, version } = order;
  return viewDifferences({ customerId, totalMinor, currency, state, reason, version }, view);
}

function viewDifferences<Row extends object>(row: Row, view: NoInfer<Row>): string[] {
  const different = differences(row, view);
  return different.length > 0 ? [`the order history has it otherwise: ${different.join('; ')}`] : [];
}
