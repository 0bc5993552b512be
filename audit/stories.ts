/** Invariant 5: the events of an order, and of its reservation, tell what their rows say. */
import type { Coverage, OrderFacts, RecordedEvent } from './rows';

export function wrongOrderStory({ order, orderEvents }: OrderFacts, { ordersPruned }: Coverage): string[] {
  const last = orderEvents.at(-1);
  if (!order) return [];
  if (!last) return ordersPruned ? [] : ['it has no events'];
  const told = last.data['state'] === order.state && (last.data['reason'] ?? null) === order.reason;
  return [
    ...gaps(orderEvents, ordersPruned),
    ...(told && last.sequence === order.version
      ? []
      : [`its events end with ${last.type} (${String(last.sequence)}), and its row is ${order.state}`]),
  ];
}

const STATUS_AFTER: Readonly<Record<string, string>> = {
  CreditReserved: 'RESERVED',
  CreditReleased: 'RELEASED',
  CreditLimitExceeded: 'REJECTED',
  CreditRejected: 'REJECTED',
};

export function wrongCreditStory(
  { reservation, reservationEvents }: OrderFacts,
  { creditPruned }: Coverage,
): string[] {
  const last = reservationEvents.at(-1);
  if (!reservation) return last ? [`its reservation's row is gone, and ${last.type} is there`] : [];
  if (!last) return creditPruned ? [] : ['its reservation has no events'];
  return [
    ...gaps(reservationEvents, creditPruned),
    ...(STATUS_AFTER[last.type] === reservation.status && last.sequence === reservation.version
      ? []
      : [`its reservation's events end with ${last.type}, and its row is ${reservation.status}`]),
  ];
}

/** Numbered from 1 without gaps; only a pruned beginning may be missing. */
function gaps(events: readonly RecordedEvent[], pruned: boolean): string[] {
  return events.flatMap(({ sequence, type }, index) => {
    const before = events[index - 1]?.sequence ?? (pruned ? sequence - 1 : 0);
    return sequence === before + 1 ? [] : [`there is a gap before ${type} (${String(sequence)})`];
  });
}
