/**
 * Composition of a process: the order service, the customer service, or both (colocated), each with its own
 * database, its worker and its routes. Only this file sees both.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import { createHttpTerminator } from 'http-terminator';
import type { Logger } from 'pino';
import { createCustomer } from '../activities/create-customer';
import type { OrderNotice } from '../domain/contracts';
import { databaseLog } from '../events/event-log';
import { EventFeed } from '../events/feed';
import { remoteLog } from '../events/remote-log';
import type { SqlDatabase } from '../events/sql';
import { KeyedWaiters } from '../platform/keyed-waiters';
import { connectTemporal } from '../platform/temporal';
import { createCustomerDatabase, type CustomerDatabase } from '../prisma/customer/client';
import { createOrderDatabase } from '../prisma/order/client';
import { type ServiceOutbox, serviceOutbox } from '../workers/service-outbox';
import { startWorkers } from '../workers/workers';
import { createApp } from './app';
import { readiness } from './health';
import { InFlight } from './in-flight';
import type { OrderRoutesDependencies } from './orders';
import { SagaCanceller } from './saga-canceller';
import { type SagaEnded, SagaStarter } from './saga-starter';
import type { OrderServiceSettings, ServiceSettings } from './service-settings';

/** 4 s for requests under way; what is left of the 10 s of a stop belongs to the worker and the servers. */
const REQUEST_DRAIN_MS = 4_000;

export interface RunningService {
  readonly url: string;
  /** Rejects when a worker dies by itself. */
  readonly failed: Promise<never>;
  /** Drains in order: HTTP requests, sagas' steps under way, connections. */
  stop(): Promise<void>;
}

export async function startService(settings: ServiceSettings, logger: Logger): Promise<RunningService> {
  const { order, customer, temporal } = settings;
  const { connection, client } = await connectTemporal(temporal);
  const orderDb = order && createOrderDatabase(order.databaseUrl);
  const customerDb = customer && createCustomerDatabase(customer.databaseUrl);
  const orderOutbox = order && orderDb && outboxOf('order', orderDb, order.databaseUrl, settings, logger);
  const customerOutbox =
    customer && customerDb && outboxOf('customer', customerDb, customer.databaseUrl, settings, logger);
  const notices = new KeyedWaiters<OrderNotice>();
  const sagaEnds = new KeyedWaiters<SagaEnded>();
  const workers = await startWorkers({
    connection,
    namespace: temporal.namespace,
    bundlePath: settings.bundlePath,
    order: orderDb && {
      db: orderDb,
      notify: (notice) => {
        notices.publish(notice.orderId, notice);
      },
      onCommit: orderOutbox?.onCommit,
    },
    customer: customerDb && { db: customerDb, onCommit: customerOutbox?.onCommit },
    onSagaEnded: (sagaId) => {
      sagaEnds.publish(sagaId, { sagaId });
    },
  });
  const logs = [
    ...(orderDb && orderOutbox ? [databaseLog('/order-service', orderDb, orderOutbox.published)] : []),
    ...(customerDb && customerOutbox
      ? [databaseLog('/customer-service', customerDb, customerOutbox.published)]
      : []),
    ...(order?.customerServiceUrl === undefined
      ? []
      : [remoteLog('/customer-service', order.customerServiceUrl)]),
  ];
  const stopping = new AbortController();
  const app = createApp({
    logger,
    orders: order && orderDb && ordersOf(settings, order, { db: orderDb, notices, sagaEnds, client, logger }),
    customers: customerDb && customersOf(customerDb, customerOutbox?.onCommit),
    customerServiceUrl: order?.customerServiceUrl,
    events: { feed: new EventFeed(logs), stopping: stopping.signal },
    ready: readiness({
      ...(orderDb && { orderDatabase: () => orderDb.$queryRaw`SELECT 1` }),
      ...(customerDb && { customerDatabase: () => customerDb.$queryRaw`SELECT 1` }),
      temporal: () => client.workflowService.getSystemInfo({}),
      worker: () => workers.check(),
    }),
  });
  const server = await listen(app, settings.host, settings.port);
  // Answers under way tell their callers to close; who keeps a connection open would be cut off otherwise.
  const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: REQUEST_DRAIN_MS });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${settings.host}:${String(port)}`,
    failed: workers.failed,
    stop: async () => {
      stopping.abort();
      await terminator.terminate();
      await workers.stop();
      await Promise.all([orderOutbox?.stop(), customerOutbox?.stop()]);
      await connection.close();
      await Promise.all([orderDb?.$disconnect(), customerDb?.$disconnect()]);
    },
  };
}

function ordersOf(
  { customer, temporal, temporalUiUrl }: ServiceSettings,
  order: OrderServiceSettings,
  parts: Pick<OrderRoutesDependencies, 'db' | 'notices'> & {
    readonly sagaEnds: KeyedWaiters<SagaEnded>;
    readonly client: Client;
    readonly logger: Logger;
  },
): OrderRoutesDependencies {
  const { db, notices, sagaEnds, client, logger } = parts;
  const placement = customer ? 'colocated' : 'distributed';
  const starter = new SagaStarter({
    client,
    sagaEnds,
    placement,
    creditCheckTimeoutMs: order.creditCheckTimeoutMs,
    groupMax: order.sagaGroupMax,
    groupsInFlight: order.sagaGroupsInFlight,
    waitingMax: order.ordersInFlightMax,
    onStarted: ({ sagaId, orderIds, eager }) => {
      logger.debug({ workflowId: sagaId, orders: orderIds.length, eager }, 'saga started');
    },
  });
  const sagas = `${temporalUiUrl}/namespaces/${temporal.namespace}/workflows`;
  return {
    db,
    starter,
    canceller: new SagaCanceller({ client, placement }),
    notices,
    inFlight: new InFlight(order.ordersInFlightMax),
    sagaLink: (sagaId) => `${sagas}/${encodeURIComponent(sagaId)}`,
  };
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

function listen(app: ReturnType<typeof createApp>, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = app.listen(port, host, (error?: Error) => {
      if (error) reject(error);
      else resolve(server);
    });
  });
}
