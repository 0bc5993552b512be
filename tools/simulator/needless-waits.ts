/** An order is busy only while another transaction locks one of its rows. */
import type { CustomerDatabase } from './customer-database';
import type { OrderDatabase } from './order-database';
import type { StepCall } from './step-call';

interface Databases {
  readonly orders: OrderDatabase;
  readonly customers: CustomerDatabase;
}

/**
 * @param call whose statement has just run
 * @param held orders whose rows a transaction outside of the model locks
 * @returns which of its orders were busy although no transaction locked their rows, in words
 */
export function needlessWaits(databases: Databases, call: StepCall, held: ReadonlySet<string>): string[] {
  return (call.answer ?? [])
    .filter(({ orderId, outcome }) => outcome === 'busy' && !held.has(orderId))
    .filter(({ orderId }) => !isLocked(databases, call, orderId))
    .map(({ orderId }) => `${orderId} waits in ${call.step.name}, and no transaction locks its rows`);
}

function isLocked(
  { orders, customers }: Databases,
  { step, transaction }: StepCall,
  orderId: string,
): boolean {
  switch (step.name) {
    case 'reserveCredit':
    case 'releaseCredit':
      return (
        customers.customers.heldByOther(orders.orders.newest(orderId)?.customerId ?? '', transaction) ||
        customers.reservations.heldByOther(orderId, transaction)
      );
    case 'giveUpOrders': {
      const { table } = orders.givenUp;
      return table
        .all()
        .some((decision) => decision.orderId === orderId && table.heldByOther(decision.id, transaction));
    }
    default:
      return orders.orders.heldByOther(orderId, transaction);
  }
}
