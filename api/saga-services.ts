/**
 * Composition of the order service, the customer service, or both (colocated), each with its own database, worker, outbox
 * and routes. Only this file sees both services.
 */
import type { Pool } from 'pg';
import { createCustomer } from '../activities/create-customer';
import { erasePersonalData } from '../activities/erase-personal-data';
import type { EventBase } from '../events/base-uri';
import { EventFeed } from '../events/feed';
import { remoteLog } from '../events/remote-log';
import { Tail } from '../events/tail';
import type { Logger } from '../platform/logger';
import type { Metrics } from '../platform/metrics';
import { connectTemporal } from '../platform/temporal';
import { createCustomerDatabase, type CustomerDatabase } from '../prisma/customer/client';
import { createOrderDatabase } from '../prisma/order/client';
import { RequestedSteps } from '../saga/host/requested-steps';
import { withTimeout } from '../saga/host/with-timeout';
import type { WorkflowVersion } from '../workers/build-id';
import { warnOfRouting } from '../workers/saga-routing';
import { startWorkers } from '../workers/workers';
import type { ApiDependencies } from './app';
import { type CustomerRoutesDependencies, findCustomer } from './customers/customer-routes';
import { remoteCustomers } from './customers/customer-with-orders';
import { serviceHeaders } from './http/service-tokens';
import { FEED_FRESH_MS, TAIL_EVENTS_MAX, TAIL_PAUSES } from './http/read-limits';
import { outboxMetrics, workerMetrics } from './operations/process-metrics';
import { SETTING_SHARED_MS, sharedCheck } from './operations/shared-check';
import { createOrderService } from './order-service';
import type { Readers } from './readers';
import { openDatabase, type ServiceDatabase } from './service-database';
import type { ServiceSettings } from './service-settings';

/** 15 s: a connection normally takes milliseconds. After the timeout the process ends, and its supervisor restarts it. */
const CONNECT_TIMEOUT_MS = 15_000;

const TAIL_LIMITS = { eventsMax: TAIL_EVENTS_MAX, freshMs: FEED_FRESH_MS, pauses: TAIL_PAUSES };

export interface SagaServices {
  readonly routes: Pick<
    ApiDependencies,
    | 'orders'
    | 'timeline'
    | 'operators'
    | 'customers'
    | 'creditSteps'
    | 'customerWithOrders'
    | 'events'
    | 'forwarded'
  >;
  /** Connection pools, by database. */
  readonly pools: Readonly<Record<string, Pool>>;
  /** Version of the workflow code; undefined when the process runs no sagas. */
  readonly version: WorkflowVersion | undefined;
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Rejects when a worker fails. */
  readonly failed: Promise<never>;
  /** Waits for the steps in progress, and publishes their events. */
  stop(): Promise<void>;
}

/**
 * @returns undefined when the process runs neither service
 */
export async function startSagaServices(
  settings: ServiceSettings,
  logger: Logger,
  readers: Readers,
  metrics: Metrics,
  eventBase: () => EventBase,
): Promise<SagaServices | undefined> {
  const { order, customer, temporal, bundlePath, deployment } = settings;
  if (!temporal || !(order ?? customer)) return undefined;
  const { namespace, dataConverter } = temporal;
  const { connection, client } = await withTimeout(
    connectTemporal(temporal),
    CONNECT_TIMEOUT_MS,
    `connection to Temporal at ${temporal.address}`,
  );
  const outbox = { ...settings.outbox, logger, eventBase };
  const orderData = order && openDatabase('order', order.databaseUrl, createOrderDatabase, outbox);
  const customerData =
    customer && openDatabase('customer', customer.databaseUrl, createCustomerDatabase, outbox);
  const databases = [...(orderData ? [orderData] : []), ...(customerData ? [customerData] : [])];
  const orders =
    order &&
    orderData &&
    createOrderService(order, settings, {
      ...orderData,
      pages: readers.pages,
      client,
      namespace,
      logger,
      metrics,
      checkSagaRouting: () => workers.checkRouting(),
    });
  // Beside the order service, the fast path runs the steps itself.
  const requestedSteps = customerData && !order ? new RequestedSteps() : undefined;
  // The first statement of a process takes half a second, which no saga should wait for. An unavailable database does not
  // prevent the start.
  await Promise.allSettled(databases.map(({ check }) => check()));
  const workers = await startWorkers({
    connection,
    namespace,
    dataConverter,
    bundlePath,
    deployment,
    order: orders && { db: orders.db, notify: orders.notify, onCommit: orderData.outbox.onCommit },
    customer: customerData && { db: customerData.db, onCommit: customerData.outbox.onCommit },
    fastPath: orders?.fastPath,
    requestedSteps,
    onSagaProgress: (sagaId, progress) => {
      orders?.starter.sagaProgressed(sagaId, progress);
    },
  });
  const customerServiceUrl = order?.customerServiceUrl;
  const customerLog =
    customerData?.log ??
    remoteLog('/customer-service', customerServiceUrl ?? '', serviceHeaders(settings.authentication));
  const logs = databases.map(({ log }) => log);
  if (customerServiceUrl !== undefined) logs.push(customerLog);
  await warnOfRouting(workers.checkRouting(), logger);
  workerMetrics(metrics, () => workers.slots());
  outboxMetrics(metrics, {
    ...(orderData && { order: orderData.reads }),
    ...(customerData && { customer: customerData.reads }),
  });
  orders?.parked.start();
  return {
    routes: {
      orders,
      timeline: orders && { ...orders, customerLog },
      operators: orders && { ...orders, client },
      customers: customerData && customerRoutesOf(customerData),
      creditSteps: requestedSteps && {
        reserveCredit: (request) => requestedSteps.run('reserveCredit', request),
      },
      customerWithOrders: orders && {
        ...orders,
        findCustomer: customerData
          ? (customerId) => findCustomer(customerData.db, customerId)
          : remoteCustomers(customerServiceUrl ?? '', serviceHeaders(settings.authentication)),
      },
      events: {
        feed: new EventFeed(
          logs.map((log) => new Tail(log, TAIL_LIMITS)),
          logger,
          FEED_FRESH_MS,
        ),
        ...readers,
        baseUri: () => eventBase().uri,
      },
      forwarded: orders?.forwarded ?? [],
    },
    checks: {
      ...(orderData && { orderDatabase: sharedCheck(orderData.check) }),
      ...(customerData && { customerDatabase: sharedCheck(customerData.check) }),
      temporal: sharedCheck(() => client.workflowService.getSystemInfo({})),
      worker: () => workers.check(),
      sagaRouting: sharedCheck(() => workers.checkRouting(), { sharedMs: SETTING_SHARED_MS }),
      ...(orderData?.outbox.checkRelay && { orderRelay: orderData.outbox.checkRelay }),
      ...(customerData?.outbox.checkRelay && { customerRelay: customerData.outbox.checkRelay }),
    },
    pools: { ...orderData?.pools, ...customerData?.pools },
    version: workers.version,
    failed: workers.failed,
    stop: async () => {
      orders?.parked.stop();
      await workers.stop();
      await Promise.all(databases.map((database) => database.outbox.stop()));
      await connection.close();
      await Promise.all(databases.map((database) => database.close()));
    },
  };
}

function customerRoutesOf({ db, outbox }: ServiceDatabase<CustomerDatabase>): CustomerRoutesDependencies {
  return {
    db,
    createCustomer: async (customer) => {
      const outcome = await createCustomer(db, customer);
      outbox.onCommit();
      return outcome;
    },
    erasePersonalData: async (customerId) => {
      const outcome = await erasePersonalData(db, customerId);
      outbox.onCommit();
      return outcome;
    },
  };
}
