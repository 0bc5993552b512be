/** The models' rows as the product's audit wants them. */
import type { OrderFacts, RecordedEvent } from '../audit/rows';
import type { OutboxEvent } from './outbox';
import type { World } from './world';

export const COVERAGE = { ordersPruned: false, creditPruned: false, withView: false };

export function factsOf({ orders, customers }: World): OrderFacts[] {
  const rows = new Map([...orders.orders.all()].map((row) => [row.orderId, row]));
  const reservations = new Map([...customers.reservations.all()].map((row) => [row.orderId, row]));
  const ids = new Set([...rows.keys(), ...reservations.keys()]);
  return [...ids].map((id) => {
    const order = rows.get(id);
    const reservation = reservations.get(id);
    return {
      id,
      order: order && { ...order, id, totalMinor: BigInt(order.totalMinor) },
      reservation: reservation && { ...reservation, amountMinor: BigInt(reservation.totalMinor) },
      orderEvents: eventsOf(orders.outbox.events, id),
      reservationEvents: eventsOf(customers.outbox.events, id),
      view: undefined,
    };
  });
}

function eventsOf(events: readonly OutboxEvent[], id: string): RecordedEvent[] {
  return events
    .filter(({ aggregateId }) => aggregateId === id)
    .sort((one, other) => one.sequence - other.sequence)
    .map(({ sequence, type, data }) => ({ subject: id, sequence, type, data }));
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
