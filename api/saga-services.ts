/**
 * Composition of the order service, the customer service, or both (colocated), each with its own database, worker, outbox
 * and routes. Only this file sees both services.
 */
import type { Pool } from 'pg';
import { createCustomer } from '../activities/create-customer';
import type { EventBase } from '../events/base-uri';
import { EventFeed } from '../events/feed';
import { remoteLog } from '../events/remote-log';
import type { Logger } from '../platform/logger';
import type { Metrics } from '../platform/metrics';
import { connectTemporal } from '../platform/temporal';
import { createCustomerDatabase, type CustomerDatabase } from '../prisma/customer/client';
import { createOrderDatabase } from '../prisma/order/client';
import { withTimeout } from '../saga/host/with-timeout';
import { startWorkers, type WorkflowVersion } from '../workers/workers';
import type { ApiDependencies } from './app';
import { type CustomerRoutesDependencies, findCustomer } from './customers/customer-routes';
import { remoteCustomers } from './customers/customer-with-orders';
import { Admission } from './http/admission';
import { outboxMetrics, streamMetrics, workerMetrics } from './operations/process-metrics';
import { createOrderService } from './order-service';
import { openDatabase, type ServiceDatabase } from './service-database';
import type { ServiceSettings } from './service-settings';

/** 15 s: a connection normally takes milliseconds. After the timeout the process ends, and its supervisor restarts it. */
const CONNECT_TIMEOUT_MS = 15_000;

export interface SagaServices {
  readonly routes: Pick<
    ApiDependencies,
    'orders' | 'customers' | 'customerWithOrders' | 'events' | 'forwarded'
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
 * @param stopping ends the event streams
 * @returns undefined when the process runs neither service
 */
export async function startSagaServices(
  settings: ServiceSettings,
  logger: Logger,
  stopping: AbortSignal,
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
    createOrderService(order, settings, { db: orderData.db, client, namespace, logger, metrics });
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
    onSagaProgress: (sagaId, progress) => {
      orders?.starter.sagaProgressed(sagaId, progress);
    },
  });
  const logs = databases.map(({ log }) => log);
  const customerServiceUrl = order?.customerServiceUrl;
  if (customerServiceUrl !== undefined) logs.push(remoteLog('/customer-service', customerServiceUrl));
  const streams = new Admission(settings.eventStreamsMax, {
    problem: 'too-many-streams',
    detail: 'Send the request again later or to another process, or read pages.',
  });
  workerMetrics(metrics, () => workers.slots());
  streamMetrics(metrics, streams);
  outboxMetrics(metrics, {
    ...(orderData && { order: orderData.db }),
    ...(customerData && { customer: customerData.db }),
  });
  orders?.parked.start();
  return {
    routes: {
      orders,
      customers: customerData && customerRoutesOf(customerData),
      customerWithOrders: orders && {
        ...orders,
        findCustomer: customerData
          ? (customerId) => findCustomer(customerData.db, customerId)
          : remoteCustomers(customerServiceUrl ?? ''),
      },
      events: { feed: new EventFeed(logs, logger), streams, stopping, baseUri: () => eventBase().uri },
      forwarded: orders?.forwarded ?? [],
    },
    checks: {
      ...(orderData && { orderDatabase: orderData.check }),
      ...(customerData && { customerDatabase: customerData.check }),
      temporal: () => client.workflowService.getSystemInfo({}),
      worker: () => workers.check(),
    },
    pools: {
      ...(orderData && { order: orderData.pool }),
      ...(customerData && { customer: customerData.pool }),
    },
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
  };
}
