/**
 * What must hold, as functions of what the databases say about one order or one customer: the six invariants of
 * ARCHITECTURE.md, and that the order history tells the same. Pure; who reads, and when, is somebody else's.
 */

import type { Coverage, CustomerFacts, OrderFacts, OrderRow, ReservationRow } from './rows';
import { wrongCreditStory, wrongOrderStory } from './stories';

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
  /** Who puts it right by itself, while it runs: then it is in flight. Undefined: nobody, it is wrong. */
  readonly settledBy?: 'saga' | 'view';
}

export function isTerminal({ state }: OrderRow): boolean {
  return state === 'APPROVED' || state === 'CANCELLED';
}

export function wrongCustomer(facts: CustomerFacts, { withView }: Coverage): Finding[] {
  const { id, limitMinor, reservedMinor, heldMinor, viewedMinor } = facts;
  const wrong = (words: string): Finding => ({ invariant: 'credit', subject: id, words });
  return [
    ...(reservedMinor < 0n || reservedMinor > limitMinor
      ? [wrong(`reserved ${String(reservedMinor)} is not within 0 and the limit ${String(limitMinor)}`)]
      : []),
    ...(reservedMinor === heldMinor
      ? []
      : [wrong(`reserved ${String(reservedMinor)} is not the sum ${String(heldMinor)} of its reservations`)]),
    ...(withView && viewedMinor !== heldMinor
      ? [inView(id, `the order history has its reserved credit as ${String(viewedMinor ?? 'unknown')}`)]
      : []),
  ];
}

function inView(subject: string, words: string): Finding {
  return { invariant: 'view', subject, words, settledBy: 'view' };
}

/** All that is wrong with one order, but for its saga. */
export function wrongOrder(facts: OrderFacts, coverage: Coverage): Finding[] {
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
    ...found('outbox', [...wrongOrderStory(facts, coverage), ...wrongCreditStory(facts, coverage)]),
    ...(coverage.withView ? wrongView(facts) : []).map((words) => inView(id, words)),
  ];
}

/** No kind of transition can happen to an order twice. */
function wrongTransitions({ order, orderEvents }: OrderFacts): string[] {
  const types = orderEvents.map(({ type }) => type);
  const twice = new Set(types.filter((type, index) => types.indexOf(type) !== index));
  return [
    ...[...twice].map((type) => `${type} happened twice`),
    ...(!order && types.length > 0 ? ['its events are there, and its row is gone'] : []),
  ];
}

function wrongReservation({ order, reservation }: OrderFacts): string[] {
  const holds = reservation?.status === 'RESERVED';
  if (!order) return reservation ? [`credit is ${reservation.status} for an order that does not exist`] : [];
  if (order.state !== 'APPROVED') return [];
  if (!holds) return ['APPROVED, and holds no credit'];
  return isFor(reservation, order) ? [] : ['APPROVED, and holds other credit than its total'];
}

/** Whether it is a reservation of what the order asks for. */
export function isFor({ amountMinor, customerId, currency }: ReservationRow, order: OrderRow): boolean {
  return amountMinor === order.totalMinor && customerId === order.customerId && currency === order.currency;
}

/** Until its saga has compensated. */
function keepsCredit({ order, reservation }: OrderFacts): boolean {
  return order?.state === 'CANCELLED' && reservation?.status === 'RESERVED';
}

/** What never changes about an order is as it was created. */
function wrongIdentity({ order, orderEvents }: OrderFacts): string[] {
  const created = orderEvents.find(({ type }) => type === 'OrderCreated')?.data;
  if (!order || !created) return [];
  const same =
    created['customerId'] === order.customerId &&
    created['currency'] === order.currency &&
    BigInt(String(created['amountMinor'])) === order.totalMinor;
  return same ? [] : ['it is not what OrderCreated says that was asked for'];
}

function wrongView({ order, view }: OrderFacts): string[] {
  if (!order) return view ? ['the order history has an order that does not exist'] : [];
  if (!view) return ['the order history does not have it'];
  const same =
    view.state === order.state &&
    view.reason === order.reason &&
    view.version === order.version &&
    view.customerId === order.customerId &&
    view.totalMinor === order.totalMinor;
  return same ? [] : [`the order history has it as ${view.state} (${String(view.version)})`];
}
