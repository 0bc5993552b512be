/**
 * `GET /customers/:id?include=orders`: API composition. Reads the customer from the customer service and the orders from
 * the order service. The two reads are concurrent, not one snapshot.
 */
import { Router } from 'express';
import { z } from 'zod';
import { answerTimeoutMs } from '../../platform/answer-timeout';
import type { OrderDatabase } from '../../prisma/order/client';
import type { PageTurns } from '../http/page-turns';
import { principalOf } from '../http/principal';
import { Problem } from '../http/problems';
import { idParameters } from '../http/schemas';
import { valid } from '../http/validation';
import { orderJson, orderPageSchema } from '../orders/order-json';
import { listOrders } from '../orders/order-reads';
import { type CustomerJson, customerSchema } from './customer-json';

/** The newest orders; `/customers/:id/orders` lists all. */
const ORDERS = 20;

export const customerQuery = z.strictObject({
  include: z.literal('orders').optional().meta({
    description: 'Adds the newest orders, read from the order service (API composition).',
  }),
});

export const customerWithOrdersSchema = z.object({
  ...customerSchema.shape,
  orders: orderPageSchema.optional().meta({ description: 'Present with `include=orders`.' }),
});

/** @returns undefined when the customer does not exist */
export type FindCustomer = (customerId: string) => Promise<CustomerJson | undefined>;

export interface CustomerWithOrdersDependencies {
  readonly reads: OrderDatabase;
  readonly sagaLink: (sagaId: string) => string;
  readonly pages: PageTurns;
  readonly findCustomer: FindCustomer;
}

/** Register it before the routes of the customer service, which handle the requests without `include`. */
export function customerWithOrdersRoutes({
  reads,
  sagaLink,
  pages,
  findCustomer,
}: CustomerWithOrdersDependencies): Router {
  const router = Router();
  const route = router.route('/customers/:id');
  // Otherwise this router would answer OPTIONS, without the methods of the other one.
  route.options((_request, _response, next) => {
    next();
  });
  route.get(async (request, response, next) => {
    if (!('include' in request.query)) {
      next();
      return;
    }
    const { id } = valid(idParameters, request.params);
    valid(customerQuery, request.query);
    if (!principalOf(response).scopes.has('orders:read'))
      throw new Problem('insufficient-scope', 'The access token does not allow reading orders.');
    await pages.enter(request, response);
    const [customer, orders] = await Promise.all([
      findCustomer(id),
      listOrders(reads, { customerId: id, limit: ORDERS }, (order) => orderJson(order, sagaLink)),
    ]);
    if (!customer) throw new Problem('not-found', `There is no customer ${id}.`);
    const body: z.infer<typeof customerWithOrdersSchema> = { ...customer, orders };
    response.json(body);
  });
  return router;
}

/** @param customerServiceUrl base URL of the customer service */
export function remoteCustomers(
  customerServiceUrl: string,
  headers: Readonly<Record<string, string>> = {},
): FindCustomer {
  return async (customerId) => {
    const url = new URL(`/customers/${customerId}`, customerServiceUrl);
    try {
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(answerTimeoutMs(0)) });
      const body: unknown = await response.json();
      if (response.status === 404) return undefined;
      return customerSchema.parse(body);
    } catch (cause) {
      throw new Problem('customer-service-unavailable', 'Send the request again later.', { cause });
    }
  };
}
