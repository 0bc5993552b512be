/** Each step on the database that is its own. */
import type { CustomerDatabase } from './customer-database';
import type { ModelSteps } from './model-steps';
import type { OrderDatabase } from './order-database';

export function stepsOn(orders: OrderDatabase, customers: CustomerDatabase): ModelSteps {
  return {
    createPendingOrders: (request, attempt) => orders.createPendingOrders(request, attempt),
    approveOrders: (request, attempt) => orders.approveOrders(request, attempt),
    cancelOrders: (request, attempt) => orders.cancelOrders(request, attempt),
    requestCancellations: (request, attempt) => orders.requestCancellations(request, attempt),
    giveUpOrders: (request, attempt) => orders.giveUpOrders(request, attempt),
    reserveCredit: (request, attempt) => customers.reserveCredit(request, attempt),
    releaseCredit: (request, attempt) => customers.releaseCredit(request, attempt),
  };
}
