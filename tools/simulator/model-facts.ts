/** The models' rows as the product's audit wants them. */
import type { AggregateEvents, OrderFacts } from '../../ops/audit/rows';
import type { OutboxEvent } from './outbox';
import type { World } from './world';

export const COVERAGE = { withView: false };

/** The models' customers have been there always. */
export const NO_EVENTS: AggregateEvents = { events: [], pruned: 'all' };

export function factsOf({ orders, customers }: World): OrderFacts[] {
  const rows = new Map(orders.orders.all().map((row) => [row.orderId, row]));
  const reservations = new Map(customers.reservations.all().map((row) => [row.orderId, row]));
  const ids = new Set([...rows.keys(), ...reservations.keys()]);
  return [...ids].map((id) => {
    const order = rows.get(id);
    const reservation = reservations.get(id);
    return {
      id,
      order: order && { id, ...order, totalMinor: BigInt(order.totalMinor) },
      reservation: reservation && { amountMinor: BigInt(reservation.totalMinor), ...reservation },
      orderEvents: eventsOf(orders.outbox.events, id),
      creditEvents: eventsOf(customers.outbox.events, id),
      view: undefined,
      viewBehind: false,
    };
  });
}

function eventsOf(all: readonly OutboxEvent[], subject: string): AggregateEvents {
  const events = all
    .filter(({ aggregateId }) => aggregateId === subject)
    .sort((one, other) => one.sequence - other.sequence)
    .map(({ id, sequence, type, data }) => ({ id: String(id), subject, sequence, type, data }));
  return { events, pruned: 'none' };
}

export function heldBy(customerId: string, facts: readonly OrderFacts[]): bigint {
  return facts.reduce(
    (sum, { reservation }) =>
      reservation?.status === 'RESERVED' && reservation.customerId === customerId
        ? sum + reservation.amountMinor
        : sum,
    0n,
  );
}
