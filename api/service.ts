/**
 * Composition of the colocated placement: both services, their worker and the HTTP API in one process.
 * Each service has its own database; only this file sees both.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpTerminator } from 'http-terminator';
import type { Logger } from 'pino';
import { createCustomer } from '../activities/create-customer';
import { createCustomerActivities } from '../activities/customer';
import { createOrderActivities } from '../activities/order';
import type { OrderNotice } from '../domain/contracts';
import { KeyedWaiters } from '../platform/keyed-waiters';
import { connectTemporal, type TemporalAddress } from '../platform/temporal';
import { createCustomerDatabase } from '../prisma/customer/client';
import { createOrderDatabase } from '../prisma/order/client';
import { createOrderWorker } from '../workers/order-worker';
import { createApp } from './app';
import { readiness } from './health';
import { SagaStarter } from './saga-starter';

/** 4 s for requests under way; what is left of the 10 s of a stop belongs to the worker and the servers. */
const REQUEST_DRAIN_MS = 4_000;

export interface ServiceSettings {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly temporal: TemporalAddress;
  /** Base URL of the Temporal UI, for the links of orders. */
  readonly temporalUiUrl: string;
  readonly orderDatabaseUrl: string;
  readonly customerDatabaseUrl: string;
  /** Path of the built workflow bundle. */
  readonly bundlePath: string;
  readonly creditCheckTimeoutMs: number;
  readonly sagaGroupMax: number;
  readonly sagaGroupsInFlight: number;
}

export interface RunningService {
  readonly url: string;
  /** Rejects when the worker dies by itself. */
  readonly failed: Promise<never>;
  /** Drains in order: HTTP requests, sagas' steps under way, connections. */
  stop(): Promise<void>;
}

export async function startService(settings: ServiceSettings, logger: Logger): Promise<RunningService> {
  const orderDb = createOrderDatabase(settings.orderDatabaseUrl);
  const customerDb = createCustomerDatabase(settings.customerDatabaseUrl);
  const { connection, client } = await connectTemporal(settings.temporal);
  const notices = new KeyedWaiters<OrderNotice>();
  const worker = await createOrderWorker({
    connection,
    namespace: settings.temporal.namespace,
    bundlePath: settings.bundlePath,
    steps: {
      ...createOrderActivities({
        db: orderDb,
        notify: (notice) => {
          notices.publish(notice.orderId, notice);
        },
      }),
      ...createCustomerActivities({ db: customerDb }),
    },
  });
  const running = worker.run();
  const starter = new SagaStarter({
    client,
    placement: 'colocated',
    creditCheckTimeoutMs: settings.creditCheckTimeoutMs,
    groupMax: settings.sagaGroupMax,
    groupsInFlight: settings.sagaGroupsInFlight,
    onStarted: ({ sagaId, orderIds, eager }) => {
      logger.debug({ sagaId, orders: orderIds.length, eager }, 'saga started');
    },
  });
  const app = createApp({
    logger,
    orders: {
      db: orderDb,
      starter,
      notices,
      sagaLink: (sagaId) =>
        `${settings.temporalUiUrl}/namespaces/${settings.temporal.namespace}/workflows/${encodeURIComponent(sagaId)}`,
    },
    customers: { db: customerDb, createCustomer: (customer) => createCustomer(customerDb, customer) },
    ready: readiness({
      orderDatabase: () => orderDb.$queryRaw`SELECT 1`,
      customerDatabase: () => customerDb.$queryRaw`SELECT 1`,
      temporal: () => client.workflowService.getSystemInfo({}),
      worker: () =>
        worker.getState() === 'RUNNING' ? Promise.resolve() : Promise.reject(new Error(worker.getState())),
    }),
  });
  const server = await listen(app, settings.host, settings.port);
  // Answers under way tell their callers to close; who keeps a connection open would be cut off otherwise.
  const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: REQUEST_DRAIN_MS });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${settings.host}:${String(port)}`,
    failed: running.then(() => new Promise<never>(() => undefined)),
    stop: async () => {
      await terminator.terminate();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
      await connection.close();
      await Promise.all([orderDb.$disconnect(), customerDb.$disconnect()]);
    },
  };
}

function listen(app: ReturnType<typeof createApp>, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = app.listen(port, host, (error?: Error) => {
      if (error) reject(error);
      else resolve(server);
    });
  });
}
