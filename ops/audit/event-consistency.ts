/** Invariant 5: the rows of an order, of its reservation and of a customer equal the fold of their events. */
import { differences, type Folded, foldCustomer, foldOrder, foldReservation, named } from './fold';
import type { AggregateEvents, CustomerFacts, OrderFacts } from './rows';

export function orderInconsistencies({ order, orderEvents }: OrderFacts): string[] {
  return inconsistencies(order, orderEvents, foldOrder(orderEvents), ITS);
}

export function creditInconsistencies({ reservation, creditEvents }: OrderFacts): string[] {
  return inconsistencies(reservation, creditEvents, foldReservation(creditEvents), ITS_RESERVATION);
}

export function customerInconsistencies({ customer, customerEvents }: CustomerFacts): string[] {
  return inconsistencies(customer, customerEvents, foldCustomer(customerEvents), ITS);
}

interface Wording {
  readonly it: string;
  readonly its: string;
}

const ITS: Wording = { it: 'it', its: 'its' };
const ITS_RESERVATION: Wording = { it: 'its reservation', its: "its reservation's" };

function inconsistencies<Row extends object>(
  row: Row | undefined,
  { events, pruned }: AggregateEvents,
  { row: folded, wrong }: Folded<Row>,
  { it, its }: Wording,
): string[] {
  const last = events.at(-1);
  if (!last) return row && pruned !== 'all' ? [`${it} has no events`] : [];
  if (!row) return [...wrong, `${its} row is gone, and ${named(last)} is there`];
  const different = folded ? differences(folded, row) : [];
  return [
    ...wrong,
    ...(different.length > 0 ? [`${its} row is not what its events say: ${different.join('; ')}`] : []),
  ];
}
