/** Invariant 5: the rows of an order, of its reservation and of a customer are what folding their events gives. */
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

interface Whose {
  readonly it: string;
  readonly its: string;
}

const ITS: Whose = { it: 'it', its: 'its' };
const ITS_RESERVATION: Whose = { it: 'its reservation', its: "its reservation's" };

function inconsistencies<Told extends object>(
  row: Told | undefined,
  { events, pruned }: AggregateEvents,
  { row: told, wrong }: Folded<Told>,
  { it, its }: Whose,
): string[] {
  const last = events.at(-1);
  if (!last) return row && pruned !== 'all' ? [`${it} has no events`] : [];
  if (!row) return [...wrong, `${its} row is gone, and ${named(last)} is there`];
  const otherwise = told ? differences(told, row) : [];
  return [
    ...wrong,
    ...(otherwise.length > 0 ? [`${its} row is not what its events say: ${otherwise.join('; ')}`] : []),
  ];
}
