/** The HTTP application: what every route shares, and the routes of the services that this process has. */
import { randomUUID } from 'node:crypto';
import express, { type Express } from 'express';
import { pinoHttp } from 'pino-http';
import type { Logger } from '../platform/logger';
import { customerRoutes, type CustomerRoutesDependencies } from './customers';
import { healthRoutes, type Readiness } from './health';
import { orderRoutes, type OrderRoutesDependencies } from './orders';
import { notFound, problemHandler } from './problems';

/** 16 KiB: a hundred times the largest body that is valid. */
const BODY_LIMIT = '16kb';

const REQUEST_ID = /^[\w.:-]{1,100}$/;

export interface ApiDependencies {
  readonly logger: Logger;
  readonly orders?: OrderRoutesDependencies;
  readonly customers?: CustomerRoutesDependencies;
  readonly ready: Readiness;
}

export function createApp({ logger, orders, customers, ready }: ApiDependencies): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(requestLog(logger));
  app.use(express.json({ limit: BODY_LIMIT }));
  app.use(healthRoutes(ready));
  if (orders) app.use(orderRoutes(orders));
  if (customers) app.use(customerRoutes(customers));
  app.use(notFound);
  app.use(problemHandler(logger));
  return app;
}

/** Logs method, path and outcome: no bodies, no query strings, no headers, so no personal data. */
function requestLog(logger: Logger) {
  return pinoHttp({
    logger,
    genReqId: (request, response) => {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
      response.setHeader('X-Request-Id', id);
      return id;
    },
    customLogLevel: (_request, response, error) => {
      if (error || response.statusCode >= 500) return 'error';
      return response.statusCode >= 400 ? 'info' : 'debug';
    },
    serializers: {
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({ id, method, path: url.split('?')[0] }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
  });
}
