/**
 * Composition of the order service, the customer service, or both (colocated), each with its own database, its
 * worker, its outbox and its routes. Only this file sees both.
 */
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { createCustomer } from '../activities/create-customer';
import type { CreateOrderSettings, OrderNotice, OrderRequest } from '../domain/contracts';
import { databaseLog } from '../events/event-log';
import { EventFeed } from '../events/feed';
import { remoteLog } from '../events/remote-log';
import type { SqlDatabase } from '../events/sql';
import { KeyedWaiters } from '../platform/keyed-waiters';
import type { Logger } from '../platform/logger';
import type { Metrics } from '../platform/metrics';
import { connectTemporal } from '../platform/temporal';
import { createPool } from '../platform/postgres-session';
import { createCustomerDatabase, type CustomerDatabase } from '../prisma/customer/client';
import { createOrderDatabase } from '../prisma/order/client';
import { GroupStarter } from '../saga/host/group-starter';
import { withTimeout } from '../saga/host/with-timeout';
import { warnOfRouting } from '../workers/saga-routing';
import { type ServiceOutbox, serviceOutbox } from '../workers/service-outbox';
import type { WorkflowVersion } from '../workers/build-id';
import { startWorkers } from '../workers/workers';
import type { ApiDependencies } from './app';
import { findCustomer } from './customers/customer-routes';
import { remoteCustomers } from './customers/customer-with-orders';
import { Admission } from './http/admission';
import type { Forwarded } from './http/forwarding';
import {
  orderServiceMetrics,
  outboxMetrics,
  streamMetrics,
  workerMetrics,
} from './operations/process-metrics';
import { CancellationStarter } from './orders/cancellation-starter';
import type { OrderRoutesDependencies } from './orders/order-routes';
import { ParkedSagas } from './orders/parked-sagas';
import { CREATE_ORDER } from './orders/saga-types';
import type { OrderServiceSettings, ServiceSettings } from './service-settings';

/** 15 s: connecting takes milliseconds; a process that cannot is started again by what runs it. */
const CONNECTED_WITHIN_MS = 15_000;

export interface SagaServices {
  readonly routes: Pick<
    ApiDependencies,
    'orders' | 'customers' | 'customerWithOrders' | 'events' | 'forwarded'
  >;
  /** Of connections, by database. */
  readonly pools: Readonly<Record<string, Pool>>;
  /** Of the workflow code; undefined where no sagas are run. */
  readonly version: WorkflowVersion | undefined;
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Rejects when a worker dies by itself. */
  readonly failed: Promise<never>;
  /** Lets sagas' steps under way finish, and publishes their events. */
  stop(): Promise<void>;
}

/**
 * @param stopping ends the event streams
 * @param metrics where the services tell how full they are
 * @returns undefined when the process runs neither service
 */
export async function startSagaServices(
  settings: ServiceSettings,
  logger: Logger,
  stopping: AbortSignal,
  metrics: Metrics,
): Promise<SagaServices | undefined> {
  const { order, customer, temporal } = settings;
  if (!temporal || !(order ?? customer)) return undefined;
  const { connection, client } = await withTimeout(
    connectTemporal(temporal),
    CONNECTED_WITHIN_MS,
    `connection to Temporal at ${temporal.address}`,
  );
  const orderPool = order && createPool(order.databaseUrl, 'order-service');
  const customerPool = customer && createPool(customer.databaseUrl, 'customer-service');
  const orderDb = order && createOrderDatabase(order.databaseUrl, orderPool);
  const customerDb = customer && createCustomerDatabase(customer.databaseUrl, customerPool);
  const orderOutbox = order && orderDb && outboxOf('order', orderDb, order.databaseUrl, settings, logger);
  const customerOutbox =
    customer && customerDb && outboxOf('customer', customerDb, customer.databaseUrl, settings, logger);
  const notices = new KeyedWaiters<OrderNotice>();
  const parked = new ParkedSagas(client);
  const orders =
    order &&
    orderDb &&
    ordersOf(settings, temporal.namespace, order, { db: orderDb, notices, client, parked, logger });
  const countDecided = metrics.counter(
    'orders_decided',
    'Orders that this process has brought to an end; one whose last step had to be repeated counts again.',
  );
  const databases = {
    ...(orderDb && { orderDatabase: () => orderDb.$queryRaw`SELECT 1` }),
    ...(customerDb && { customerDatabase: () => customerDb.$queryRaw`SELECT 1` }),
  };
  // A process' first statement takes half a second: not a saga's. A database that is away does not keep it from starting.
  await Promise.allSettled(Object.values(databases).map((ask) => ask()));
  const workers = await startWorkers({
    connection,
    namespace: temporal.namespace,
    dataConverter: temporal.dataConverter,
    bundlePath: settings.bundlePath,
    deployment: settings.deployment,
    order: orderDb && {
      db: orderDb,
      notify: (notice) => {
        if (notice.kind === 'decided') countDecided({ state: notice.state, reason: notice.reason ?? 'none' });
        notices.publish(notice.orderId, notice);
      },
      onCommit: orderOutbox?.onCommit,
    },
    customer: customerDb && { db: customerDb, onCommit: customerOutbox?.onCommit },
    onSagaProgress: (sagaId, progress) => {
      orders?.starter.sagaProgressed(sagaId, progress);
    },
  });
  await warnOfRouting(workers.checkRouting(), logger);
  workerMetrics(metrics, () => workers.slots());
  const logs = [
    ...(orderDb && orderOutbox ? [databaseLog('/order-service', orderDb, orderOutbox.published)] : []),
    ...(customerDb && customerOutbox
      ? [databaseLog('/customer-service', customerDb, customerOutbox.published)]
      : []),
    ...(order?.customerServiceUrl === undefined
      ? []
      : [remoteLog('/customer-service', order.customerServiceUrl)]),
  ];
  const streams = eventStreams(settings.eventStreamsMax);
  streamMetrics(metrics, streams);
  outboxMetrics(metrics, { ...(orderDb && { order: orderDb }), ...(customerDb && { customer: customerDb }) });
  if (order && orders) {
    parked.begin();
    orderServiceMetrics(metrics, orders, order);
  }
  return {
    routes: {
      orders,
      customers: customerDb && customersOf(customerDb, customerOutbox?.onCommit),
      customerWithOrders: orders && {
        ...orders,
        findCustomer: customerDb
          ? (customerId) => findCustomer(customerDb, customerId)
          : remoteCustomers(order.customerServiceUrl ?? ''),
      },
      events: { feed: new EventFeed(logs, logger), streams, stopping },
      forwarded: order ? forwardedBy(order) : [],
    },
    checks: {
      ...databases,
      temporal: () => client.workflowService.getSystemInfo({}),
      worker: () => workers.check(),
      sagaRouting: () => workers.checkRouting(),
      ...(orderOutbox?.checkRelay && { orderRelay: orderOutbox.checkRelay }),
      ...(customerOutbox?.checkRelay && { customerRelay: customerOutbox.checkRelay }),
    },
    pools: { ...(orderPool && { order: orderPool }), ...(customerPool && { customer: customerPool }) },
    version: workers.version,
    failed: workers.failed,
    stop: async () => {
      parked.stop();
      await workers.stop();
      await Promise.all([orderOutbox?.stop(), customerOutbox?.stop()]);
      await connection.close();
      await Promise.all([orderDb?.$disconnect(), customerDb?.$disconnect()]);
    },
  };
}

function forwardedBy({ customerServiceUrl, historyUrl }: OrderServiceSettings): Forwarded[] {
  const forwarded: Forwarded[] = [];
  if (customerServiceUrl !== undefined) {
    const paths = ['/customers', '/customers/:id'];
    forwarded.push({ paths, to: customerServiceUrl, away: 'customer-service-unavailable' });
  }
  if (historyUrl !== undefined) {
    const paths = ['/customers/:id/order-history'];
    forwarded.push({ paths, to: historyUrl, away: 'order-history-unavailable' });
  }
  return forwarded;
}

function ordersOf(
  { customer, temporalUiUrl, deployment }: ServiceSettings,
  namespace: string,
  order: OrderServiceSettings,
  parts: Pick<OrderRoutesDependencies, 'db' | 'notices'> & {
    readonly parked: ParkedSagas;
    readonly client: Client;
    readonly logger: Logger;
  },
): OrderRoutesDependencies & {
  readonly starter: GroupStarter<OrderRequest, CreateOrderSettings>;
  readonly parked: ParkedSagas;
} {
  const { db, notices, parked, client, logger } = parts;
  const eagerStart = deployment === undefined;
  const everySaga = {
    placement: customer ? 'colocated' : 'distributed',
    parkAfterMs: order.attentionAfterMs,
  } as const;
  const { creditCheckTimeoutMs } = order;
  const starter = new GroupStarter<OrderRequest, CreateOrderSettings>({
    client,
    type: CREATE_ORDER,
    input: { ...everySaga, settings: { creditCheckTimeoutMs } },
    eagerStart,
    groupMax: order.sagaGroupMax,
    groupsInFlight: order.sagaGroupsInFlight,
    waitingMax: order.ordersInFlightMax,
    onStarted: ({ sagaId, subjectIds, eager }) => {
      logger.debug({ workflowId: sagaId, orders: subjectIds.length, eager }, 'saga started');
    },
  });
  const sagas = `${temporalUiUrl}/namespaces/${namespace}/workflows`;
  return {
    db,
    starter,
    cancellations: new CancellationStarter({ client, input: { ...everySaga, settings: {} }, eagerStart }),
    notices,
    parked,
    admission: new Admission(order.ordersInFlightMax),
    sagaLink: (sagaId) => `${sagas}/${encodeURIComponent(sagaId)}`,
  };
}

function eventStreams(max: number): Admission {
  return new Admission(max, {
    problem: 'too-many-streams',
    detail: 'Come back later, to another process, or ask for pages.',
  });
}

function customersOf(db: CustomerDatabase, onCommit: (() => void) | undefined) {
  return {
    db,
    createCustomer: async (customer: Parameters<typeof createCustomer>[1]) => {
      const outcome = await createCustomer(db, customer);
      onCommit?.();
      return outcome;
    },
  };
}

function outboxOf(
  service: 'order' | 'customer',
  db: SqlDatabase,
  url: string,
  { outbox }: ServiceSettings,
  logger: Logger,
): ServiceOutbox {
  return serviceOutbox({ service, db, url, ...outbox, logger });
}
