/**
 * `GET /customers/:id?include=orders`: API composition. The customer is asked of the customer service and the
 * orders of the order service, both now; the two answers are of slightly different moments.
 */
import { Router } from 'express';
import { z } from 'zod';
import { answerTimeoutMs } from '../../platform/answer-timeout';
import type { OrderDatabase } from '../../prisma/order/client';
import { orderJson } from '../orders/order-json';
import { listOrders } from '../orders/order-reads';
import { Problem } from '../http/problems';
import { customerQuery, customerSchema, customerWithOrdersSchema, idParameters } from '../http/schemas';
import { valid } from '../http/validation';

/** The newest of them; the rest is at `/customers/:id/orders`. */
const ORDERS = 20;

type CustomerJson = z.infer<typeof customerSchema>;

/** @returns undefined when there is no such customer */
export type FindCustomer = (customerId: string) => Promise<CustomerJson | undefined>;

export interface CustomerWithOrdersDependencies {
  readonly db: OrderDatabase;
  readonly sagaLink: (sagaId: string) => string;
  readonly findCustomer: FindCustomer;
}

/** Register it before the customer service's own routes, to which it leaves every other request. */
export function customerWithOrdersRoutes({
  db,
  sagaLink,
  findCustomer,
}: CustomerWithOrdersDependencies): Router {
  const router = Router();
  router.get('/customers/:id', async (request, response, next) => {
    if (!('include' in request.query)) {
      next();
      return;
    }
    const { id } = valid(idParameters, request.params);
    valid(customerQuery, request.query);
    const [customer, orders] = await Promise.all([
      findCustomer(id),
      listOrders(db, { customerId: id, limit: ORDERS }, (order) => orderJson(order, sagaLink)),
    ]);
    if (!customer) throw new Problem('not-found', `There is no customer ${id}.`);
    const both: z.infer<typeof customerWithOrdersSchema> = { ...customer, orders };
    response.json(both);
  });
  return router;
}

/** @param customerServiceUrl base URL of the customer service */
export function remoteCustomers(customerServiceUrl: string): FindCustomer {
  return async (customerId) => {
    const url = new URL(`/customers/${customerId}`, customerServiceUrl);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(answerTimeoutMs(0)) });
      const body: unknown = await response.json();
      if (response.status === 404) return undefined;
      return customerSchema.parse(body);
    } catch (cause) {
      throw new Problem('customer-service-unavailable', 'Send the request again later.', { cause });
    }
  };
}
