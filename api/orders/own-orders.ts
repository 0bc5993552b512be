/** What a principal of one customer reaches: the orders of this customer. Others do not exist for it. */
import type { OrderDatabase } from '../../prisma/order/client';
import type { Principal } from '../http/principal';
import { Problem } from '../http/problems';
import { findOrder } from './order-reads';

type Limit = Pick<Principal, 'customerId'>;

/** @throws Problem `not-found` with the detail, when the principal is limited to another customer */
export function requireCustomer({ customerId }: Limit, ofCustomer: string, detail: string): void {
  if (customerId !== undefined && customerId !== ofCustomer) throw new Problem('not-found', detail);
}

/** @throws Problem `not-found` when the principal is limited to another customer, or to one without this order */
export async function requireOwnOrder(db: OrderDatabase, principal: Limit, orderId: string): Promise<void> {
  if (principal.customerId === undefined) return;
  const order = await findOrder(db, orderId);
  requireCustomer(principal, order?.customerId ?? '', `There is no order ${orderId}.`);
}

/** @returns the query for the principal's orders; undefined when it asks for those of another customer */
export function ownOrders<Query extends { readonly customerId?: string | undefined }>(
  { customerId }: Limit,
  query: Query,
): Query | undefined {
  if (customerId === undefined) return query;
  const isOther = query.customerId !== undefined && query.customerId !== customerId;
  return isOther ? undefined : { ...query, customerId };
}
