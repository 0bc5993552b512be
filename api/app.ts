/** The HTTP application: what every route shares, and the routes of the services that this process has. */
import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from '../platform/logger';
import type { Metrics } from '../platform/metrics';
import { customerRoutes, type CustomerRoutesDependencies } from './customers/customer-routes';
import {
  customerWithOrdersRoutes,
  type CustomerWithOrdersDependencies,
} from './customers/customer-with-orders';
import { eventRoutes, type EventRoutesDependencies } from './events/event-routes';
import { type Forwarded, forwarding } from './http/forwarding';
import { refuseWhen } from './http/graceful-shutdown';
import { notFound, problemHandler } from './http/problem-handler';
import { requestLog } from './http/request-log';
import { docsRoutes } from './operations/docs';
import { healthRoutes, type Readiness } from './operations/health';
import { metricsRoutes, requestDurations } from './operations/metrics';
import { historyRoutes, type HistoryRoutesDependencies } from './order-history/order-history-routes';
import { orderRoutes, type OrderRoutesDependencies } from './orders/order-routes';

export interface ApiDependencies {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Present where this process serves the order service. */
  readonly orders?: OrderRoutesDependencies | undefined;
  /** Present where this process serves the customer service. */
  readonly customers?: CustomerRoutesDependencies | undefined;
  /** Present where this process serves the order service. */
  readonly customerWithOrders?: CustomerWithOrdersDependencies | undefined;
  /** Present where this process serves the order history. */
  readonly history?: HistoryRoutesDependencies | undefined;
  /** What this process does not serve itself. */
  readonly forwarded: readonly Forwarded[];
  readonly events?: EventRoutesDependencies | undefined;
  readonly ready: Readiness;
  /** Aborted when the process is about to stop. */
  readonly stopping: AbortSignal;
  /** Version of the workflow code, told with the readiness. */
  readonly workflows?: object | undefined;
}

export function createApp(dependencies: ApiDependencies): Express {
  const {
    logger,
    metrics,
    orders,
    customers,
    customerWithOrders,
    history,
    forwarded,
    events,
    ready,
    stopping,
    workflows,
  } = dependencies;
  const isForwarded = (path: string) => forwarded.some(({ paths }) => paths.includes(path));
  const app = express();
  app.disable('x-powered-by');
  // A hash of every answer costs more than it saves: orders change, and answers are small.
  app.disable('etag');
  app.use(requestLog(logger), requestDurations(metrics), safeDefaults);
  app.use(healthRoutes(ready, workflows), metricsRoutes(metrics), refuseWhen(stopping));
  app.use(
    docsRoutes({
      orders: orders !== undefined,
      customers: customers !== undefined || isForwarded('/customers'),
      history: history !== undefined || isForwarded('/customers/:id/order-history'),
      events: events !== undefined,
    }),
  );
  if (orders) app.use(orderRoutes(orders));
  if (customerWithOrders) app.use(customerWithOrdersRoutes(customerWithOrders));
  if (customers) app.use(customerRoutes(customers));
  if (history) app.use(historyRoutes(history));
  for (const each of forwarded) app.use(forwarding(each));
  if (events) app.use(eventRoutes(events));
  app.use(notFound, problemHandler);
  return app;
}

/** Answers are data for one caller: nothing keeps them, guesses at their type, or runs them. */
const safeDefaults: RequestHandler = (_request, response, next) => {
  response.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};
