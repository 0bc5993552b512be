/** The order service's routes. */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { OrderDatabase } from '../../prisma/order/client';
import type { Admission } from '../http/admission';
import { callerLeft } from '../http/caller';
import { formatETag } from '../http/etag';
import { idToCreate } from '../http/idempotency';
import type { PageTurns } from '../http/page-turns';
import { preferredWaitSeconds } from '../http/prefer';
import { otherMethods } from '../http/problem-handler';
import { clientOf, principalOf } from '../http/principal';
import { Problem } from '../http/problems';
import { idParameters } from '../http/schemas';
import { jsonBody, valid } from '../http/validation';
import { cancelOrder, type CancelOrderDependencies } from './cancel-order';
import { type AttentionDependencies, orderAttention } from './order-attention';
import {
  customerOrdersQuery,
  newOrderBody,
  orderJson,
  orderPath,
  ordersQuery,
  type OrderView,
} from './order-json';
import { findOrder, listOrders } from './order-reads';
import { ownOrders, requireCustomer, requireOwnOrder } from './own-orders';
import { placeOrder, type PlaceOrderDependencies } from './place-order';

export interface OrderRoutesDependencies
  extends PlaceOrderDependencies, CancelOrderDependencies, AttentionDependencies {
  readonly admission: Admission;
  /** For lists. */
  readonly reads: OrderDatabase;
  /** Of the lists. */
  readonly pages: PageTurns;
  /** Returns the URL of a saga in the Temporal UI. */
  readonly sagaLink: (sagaId: string) => string;
}

export function orderRoutes(deps: OrderRoutesDependencies): Router {
  const { db, reads, pages, admission, sagaLink } = deps;
  const json = (order: OrderView) => orderJson(order, sagaLink);
  /** Runs before the body is parsed, so that a rejection costs little. */
  const requireCapacity: RequestHandler = (request, response, next) => {
    admission.requireCapacity(clientOf(request, response));
    next();
  };
  const inTurn: RequestHandler = async (request, response, next) => {
    await pages.enter(request, response);
    next();
  };
  const router = Router();

  router
    .route('/orders')
    .post(requireCapacity, jsonBody, async (request: Request, response: Response) => {
      const principal = principalOf(response);
      const { customerId, orderTotal } = valid(newOrderBody, request.body);
      requireCustomer(principal, customerId, `There is no customer ${customerId}.`);
      const { id: orderId, keyed } = idToCreate(principal, request.get('Idempotency-Key'), 'order');
      const waitSeconds = preferredWaitSeconds(request.get('Prefer'));
      request.log.setBindings({ orderId });
      const order = {
        orderId,
        customerId,
        totalMinor: orderTotal.amountMinor,
        currency: orderTotal.currency,
      };
      const waitMs = waitSeconds * 1_000;
      const left = callerLeft(response);
      const client = clientOf(request, response);
      const place = () => {
        const startsBeside = admission.hasFewBesideMany(client);
        return placeOrder(deps, { order, keyed, waitMs, startsBeside, signal: left });
      };
      const placed = await admission.run(place, { client, left });
      request.log.info({ workflowId: placed.sagaId, state: placed.state }, 'order placed');
      if (waitSeconds > 0) response.set('Preference-Applied', `wait=${String(waitSeconds)}`);
      response
        // A repeated request without a wait gets the status of the first answer, although the order may be decided now.
        .status(waitSeconds === 0 || placed.state === 'PENDING' ? 202 : 201)
        .location(orderPath(orderId))
        .set('ETag', formatETag(orderId, placed.version))
        .json(json(placed));
    })
    .get(inTurn, async (request: Request, response: Response) => {
      const query = ownOrders(principalOf(response), valid(ordersQuery, request.query));
      response.json(query ? await listOrders(reads, query, json) : { items: [], nextCursor: null });
    })
    .all(otherMethods('GET', 'HEAD', 'POST'));

  router
    .route('/orders/:id')
    .get(async (request, response) => {
      const { id } = valid(idParameters, request.params);
      const order = await findOrder(db, id);
      if (!order) throw new Problem('not-found', `There is no order ${id}.`);
      requireCustomer(principalOf(response), order.customerId, `There is no order ${id}.`);
      const attention = await orderAttention(deps, order);
      response.set('ETag', formatETag(id, order.version)).json({ ...json(order), ...attention });
    })
    .all(otherMethods('GET', 'HEAD'));

  router
    .route('/orders/:id/cancel')
    .post(async (request: Request, response: Response) => {
      const { id: orderId } = valid(idParameters, request.params);
      const principal = principalOf(response);
      await requireOwnOrder(db, principal, orderId);
      const key = request.get('Idempotency-Key');
      const waitSeconds = preferredWaitSeconds(request.get('Prefer'));
      request.log.setBindings({ orderId });
      const cancellationKey = key === undefined ? undefined : idToCreate(principal, key, 'cancellation').id;
      const waitMs = waitSeconds * 1_000;
      const left = callerLeft(response);
      const cancellation = {
        orderId,
        cancellationKey,
        waitMs,
        ifMatch: request.get('If-Match'),
        signal: left,
      };
      const { order, finished } = await admission.run(() => cancelOrder(deps, cancellation), {
        client: clientOf(request, response),
        left,
      });
      request.log.info({ workflowId: order.sagaId, state: order.state }, 'order cancellation requested');
      if (waitSeconds > 0) response.set('Preference-Applied', `wait=${String(waitSeconds)}`);
      response
        .status(finished ? 200 : 202)
        .set('ETag', formatETag(orderId, order.version))
        .json(json(order));
    })
    .all(otherMethods('POST'));

  // The order service has no customers: the page of an unknown customer is empty.
  router
    .route('/customers/:id/orders')
    .get(inTurn, async (request: Request, response: Response) => {
      const { id } = valid(idParameters, request.params);
      response.json(
        await listOrders(reads, { ...valid(customerOrdersQuery, request.query), customerId: id }, json),
      );
    })
    .all(otherMethods('GET', 'HEAD'));

  return router;
}
