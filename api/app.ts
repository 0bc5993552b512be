/** The HTTP application: middleware for all routes, and the routes of the services in this process. */
import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from '../platform/logger';
import type { Metrics } from '../platform/metrics';
import { codecCors } from './codec/codec-cors';
import { CODEC_PATH, type CodecServer, codecRoutes } from './codec/codec-routes';
import { creditStepRoutes, type CreditStepRoutesDependencies } from './customers/credit-step-routes';
import { customerRoutes, type CustomerRoutesDependencies } from './customers/customer-routes';
import {
  customerWithOrdersRoutes,
  type CustomerWithOrdersDependencies,
} from './customers/customer-with-orders';
import { eventRoutes, type EventRoutesDependencies } from './events/event-routes';
import { type AuthenticationSettings, NO_AUTHENTICATION } from './http/service-tokens';
import { compressedAnswers } from './http/compressed-answers';
import { type Forwarded, forwarding } from './http/forwarding';
import { countCallersThatLeft } from './http/caller';
import { NOBODY, setPrincipal } from './http/principal';
import { localRequestsOnly } from './http/local-requests';
import { requestRates } from './http/request-rate';
import { securityHeaders } from './http/security-headers';
import { rejectWhenStopping } from './http/graceful-shutdown';
import { notFound, problemHandler } from './http/problem-handler';
import { requestSyntax } from './http/request-syntax';
import { requestLog } from './http/request-log';
import { authorization, requireListed } from './operations/authorization';
import { docsRoutes } from './operations/docs';
import { healthRoutes, type Readiness } from './operations/health';
import { metricsRoutes, requestDurations } from './operations/metrics';
import { historyRoutes, type HistoryRoutesDependencies } from './order-history/order-history-routes';
import { timelineRoutes, type TimelineRoutesDependencies } from './operators/timeline-routes';
import { overviewRoutes } from './operators/overview-routes';
import { sagaListRoutes, type SagaListRoutesDependencies } from './operators/saga-list-routes';
import { orderRoutes, type OrderRoutesDependencies } from './orders/order-routes';

export interface ApiDependencies {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Set when this process runs the order service. */
  readonly orders?: OrderRoutesDependencies | undefined;
  /** Set when this process runs the order service. */
  readonly timeline?: TimelineRoutesDependencies | undefined;
  /** For operators; set when this process runs the order service. */
  readonly operators?: SagaListRoutesDependencies | undefined;
  /** Set when this process runs the customer service. */
  readonly customers?: CustomerRoutesDependencies | undefined;
  /** Set when this process runs the customer service without the order service. */
  readonly creditSteps?: CreditStepRoutesDependencies | undefined;
  /** Set when this process runs the order service. */
  readonly customerWithOrders?: CustomerWithOrdersDependencies | undefined;
  /** Set when this process runs the order history. */
  readonly history?: HistoryRoutesDependencies | undefined;
  /** Paths that other services serve. */
  readonly forwarded: readonly Forwarded[];
  readonly events?: EventRoutesDependencies | undefined;
  /** Set when this process runs the order service, and payloads are encoded. */
  readonly codec?: CodecServer | undefined;
  readonly ready: Readiness;
  /** Default: none. */
  readonly authentication?: AuthenticationSettings | undefined;
  /** Whether {@link createMetricsApp} serves `/metrics` and the probes; default: this application does. */
  readonly hasMetricsPort?: boolean;
  /** Base URL of the Temporal UI, for the first page. */
  readonly temporalUiUrl?: string | undefined;
  /** Of one client; default: no limit. */
  readonly requestsPerMinute?: number | undefined;
  /** Addresses of proxies whose X-Forwarded-For names the client. */
  readonly trustedProxies: readonly string[];
  /** Aborted when the process stops. */
  readonly stopping: AbortSignal;
  /** Version of the workflow code, part of the answer of /readyz. */
  readonly workflows?: object | undefined;
}

export function createApp(dependencies: ApiDependencies): Express {
  const {
    logger,
    metrics,
    orders,
    timeline,
    operators,
    customers,
    creditSteps,
    customerWithOrders,
    history,
    forwarded,
    events,
    codec,
    ready,
    trustedProxies,
    stopping,
    workflows,
    authentication = NO_AUTHENTICATION,
    requestsPerMinute,
    hasMetricsPort = false,
    temporalUiUrl,
  } = dependencies;
  const isForwarded = (path: string) => forwarded.some(({ paths }) => paths.includes(path));
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustedProxies);
  // Express would hash every answer. That costs more than it saves: orders change, and answers are small.
  app.disable('etag');
  app.use(requestLog(logger), requestDurations(metrics), countCallersThatLeft(metrics), securityHeaders);
  app.use(requestSyntax, compressedAnswers);
  if (authentication.localOnly) app.use(localRequestsOnly(codec ? [codec.uiOrigin] : []));
  if (!hasMetricsPort) app.use(healthRoutes(ready, workflows), metricsRoutes(metrics));
  app.use(rejectWhenStopping(stopping));
  if (codec) app.use(CODEC_PATH, codecCors(codec.uiOrigin));
  app.use(asNobody);
  const documented = {
    orders: orders !== undefined,
    customers: customers !== undefined || isForwarded('/customers'),
    history: history !== undefined || isForwarded('/customers/:id/order-history'),
    events: events !== undefined,
    codec: codec !== undefined,
    process: !hasMetricsPort,
  };
  app.use(docsRoutes(documented, temporalUiUrl));
  app.use(authorization(authentication, requestRates(requestsPerMinute)));
  const routers = [
    orders && orderRoutes(orders),
    timeline && timelineRoutes(timeline),
    operators && sagaListRoutes(operators),
    operators && overviewRoutes({ ...operators, metrics, ready }),
    customerWithOrders && customerWithOrdersRoutes(customerWithOrders),
    customers && customerRoutes(customers),
    creditSteps && creditStepRoutes(creditSteps),
    history && historyRoutes(history),
    ...forwarded.map(forwarding),
    events && eventRoutes(events),
    codec && codecRoutes(codec),
  ];
  for (const router of routers) if (router) app.use(requireListed(router));
  app.use(notFound, problemHandler);
  return app;
}

/** `/metrics` and the probes, for a port that only the operators' programs reach. */
export function createMetricsApp({
  logger,
  metrics,
  ready,
  workflows,
  authentication = NO_AUTHENTICATION,
}: Pick<ApiDependencies, 'logger' | 'metrics' | 'ready' | 'workflows' | 'authentication'>): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(requestLog(logger), securityHeaders, requestSyntax, compressedAnswers);
  if (authentication.localOnly) app.use(localRequestsOnly([]));
  app.use(healthRoutes(ready, workflows), metricsRoutes(metrics), notFound, problemHandler);
  return app;
}

const asNobody: RequestHandler = (_request, response, next) => {
  setPrincipal(response, NOBODY);
  next();
};
