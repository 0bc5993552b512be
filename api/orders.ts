/** The order service's routes. */
import { Router } from 'express';
import type { OrderRequest } from '../domain/contracts';
import { orderJson, orderPath, type OrderView } from './order-json';
import { findOrder, listOrders } from './order-reads';
import { placeOrder, type PlaceOrderDependencies } from './place-order';
import { confirmWait, idToCreate, preferredWaitMs } from './prefer';
import { methodNotAllowed, Problem } from './problems';
import { customerOrdersQuery, idParameters, newOrderBody, ordersQuery, valid, validBody } from './schemas';

export interface OrderRoutesDependencies extends PlaceOrderDependencies {
  /** The Temporal UI's page of a saga. */
  readonly sagaLink: (sagaId: string) => string;
}

export function orderRoutes(deps: OrderRoutesDependencies): Router {
  const { db, sagaLink } = deps;
  const json = (order: OrderView) => orderJson(order, sagaLink);
  const router = Router();

  router
    .route('/orders')
    .post(async (request, response) => {
      const { customerId, orderTotal } = validBody(newOrderBody, request);
      const { id: orderId, keyed } = idToCreate(request, 'order');
      const waitMs = preferredWaitMs(request);
      const order: OrderRequest = { orderId, customerId, totalMinor: orderTotal.amountMinor, currency: orderTotal.currency };
      const placed = await placeOrder(deps, order, keyed, waitMs);
      request.log.info({ orderId, sagaId: placed.sagaId, state: placed.state }, 'order placed');
      if (waitMs > 0) confirmWait(response, waitMs);
      const status = placed.state === 'PENDING' ? 202 : 201;
      response.status(status).location(orderPath(orderId)).json(json(placed));
    })
    .get(async (request, response) => {
      response.json(await listOrders(db, valid(ordersQuery, request.query), json));
    })
    .all(methodNotAllowed('GET', 'HEAD', 'POST'));

  router
    .route('/orders/:id')
    .get(async (request, response) => {
      const { id } = valid(idParameters, request.params);
      const order = await findOrder(db, id);
      if (!order) throw new Problem('not-found', `There is no order ${id}.`);
      response.json(json(order));
    })
    .all(methodNotAllowed('GET', 'HEAD'));

  // The order service knows orders, not customers: an unknown customer has an empty page.
  router
    .route('/customers/:id/orders')
    .get(async (request, response) => {
      const { id } = valid(idParameters, request.params);
      response.json(await listOrders(db, { ...valid(customerOrdersQuery, request.query), customerId: id }, json));
    })
    .all(methodNotAllowed('GET', 'HEAD'));

  return router;
}
