/** The HTTP application: what every route shares, and the routes of the services that this process has. */
import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from '../platform/logger';
import { customerForwarding } from './customer-forwarding';
import { customerRoutes, type CustomerRoutesDependencies } from './customers';
import { docsRoutes } from './docs';
import { eventRoutes, type EventRoutesDependencies } from './events';
import { healthRoutes, type Readiness } from './health';
import { orderRoutes, type OrderRoutesDependencies } from './orders';
import { notFound, problemHandler } from './problem-handler';
import { requestLog } from './request-log';

export interface ApiDependencies {
  readonly logger: Logger;
  /** Present where this process serves the order service. */
  readonly orders?: OrderRoutesDependencies | undefined;
  /** Present where this process serves the customer service. */
  readonly customers?: CustomerRoutesDependencies | undefined;
  /** Where `/customers*` is forwarded to, where this process does not serve it. */
  readonly customerServiceUrl?: string | undefined;
  readonly events: EventRoutesDependencies;
  readonly ready: Readiness;
}

export function createApp(dependencies: ApiDependencies): Express {
  const { logger, orders, customers, customerServiceUrl, events, ready } = dependencies;
  const app = express();
  app.disable('x-powered-by');
  // A hash of every answer costs more than it saves: orders change, and answers are small.
  app.disable('etag');
  app.use(requestLog(logger), safeDefaults);
  app.use(healthRoutes(ready));
  app.use(
    docsRoutes({
      orders: orders !== undefined,
      customers: customers !== undefined || customerServiceUrl !== undefined,
      events: true,
    }),
  );
  if (orders) app.use(orderRoutes(orders));
  if (customers) app.use(customerRoutes(customers));
  else if (customerServiceUrl !== undefined) app.use(customerForwarding(customerServiceUrl));
  app.use(eventRoutes(events));
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
