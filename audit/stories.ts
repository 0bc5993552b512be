/** Invariant 5: the rows of an order, of its reservation and of a customer are what folding their events gives. */
import { differences, type Folded, foldCustomer, foldOrder, foldReservation, named } from './fold';
import type { CustomerFacts, OrderFacts, Story } from './rows';

export function wrongOrderStory({ order, orderStory }: OrderFacts): string[] {
  return wrongStory(order, orderStory, foldOrder(orderStory), ITS);
}

export function wrongCreditStory({ reservation, creditStory }: OrderFacts): string[] {
  return wrongStory(reservation, creditStory, foldReservation(creditStory), ITS_RESERVATION);
}

export function wrongCustomerStory({ customer, story }: CustomerFacts): string[] {
  return wrongStory(customer, story, foldCustomer(story), ITS);
}

interface Whose {
  readonly it: string;
  readonly its: string;
}

const ITS: Whose = { it: 'it', its: 'its' };
const ITS_RESERVATION: Whose = { it: 'its reservation', its: "its reservation's" };

function wrongStory<Told extends object>(
  row: Told | undefined,
  { events, pruned }: Story,
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
