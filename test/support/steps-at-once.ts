/** A group in which two steps are under way at once, and each has another step after it. */
import { randomUUID } from 'node:crypto';
import type { OrderRequest } from '../../domain/contracts';
import { rowsOf, type TestDatabases } from './databases';

export interface GroupOfTwo {
  readonly workflowId: string;
  readonly orders: readonly OrderRequest[];
}

/** The credit of one order was released before it is reserved, and the other was cancelled before it is approved. */
export async function twoStepsAtOnce(databases: TestDatabases, customerId: string): Promise<GroupOfTwo> {
  const [released, cancelled] = [randomUUID(), randomUUID()];
  const workflowId = `orders-${released}-2`;
  await rowsOf(
    databases.adminCustomerUrl,
    `INSERT INTO credit_reservations (order_id, customer_id, saga_id, amount_minor, currency, status)
     VALUES ($1, $2, $3, 100, 'USD', 'RELEASED')`,
    [released, customerId, workflowId],
  );
  await rowsOf(
    databases.adminOrderUrl,
    `INSERT INTO orders (id, saga_id, customer_id, total_minor, currency, state, cancellation_reason, version)
     VALUES ($1, $3, $2, 100, 'USD', 'CANCELLED', 'CREDIT_CHECK_TIMEOUT', 2)`,
    [cancelled, customerId, workflowId],
  );
  const order = (orderId: string) => ({ orderId, customerId, totalMinor: 100, currency: 'USD' });
  return { workflowId, orders: [order(released), order(cancelled)] };
}
