/** The whole product in the test's process: own databases, own namespace, real servers, real HTTP. */
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { AuthenticationSettings } from '../../api/http/service-tokens';
import { type RunningService, startService } from '../../api/service';
import type {
  OrderServiceSettings,
  OutboxSettings,
  ReaderSettings,
  ServiceSettings,
} from '../../api/service-settings';
import type { WorkerDeployment } from '../../platform/config';
import { createLogger, type Logger } from '../../platform/logger';
import { connectTemporal, installTemporalRuntime } from '../../platform/temporal';
import type { Placement } from '../../saga/contract';
import { createTestDatabases, type TestDatabases } from './databases';
import { testServers } from './servers';
import { freePort } from '../../tools/local/free-port';

export interface TestSystem {
  /** Of the order service; when distributed it forwards to the customer service. */
  readonly url: string;
  readonly databases: TestDatabases;
  /** Of the workflow code. */
  readonly buildId: string;
  readonly client: Client;
  /** Of the service that places orders. */
  readonly settings: ServiceSettings;
  /** When distributed: stops the customer service, and starts it anew at the same address. */
  stopCustomerService(): Promise<void>;
  startCustomerService(): Promise<void>;
  /** Stops the order service only; the databases and the Temporal server stay. */
  stopService(): Promise<void>;
  stop(): Promise<void>;
}

/** Long enough that only a test of this timeout reaches it. */
const CREDIT_CHECK_TIMEOUT_MS = 60_000;
const ATTENTION_AFTER_MS = 60_000;

export interface TestSystemOptions {
  /** Default: new ones. */
  readonly databases?: TestDatabases;
  readonly placement?: Placement;
  readonly order?: Partial<OrderServiceSettings>;
  readonly outbox?: OutboxSettings;
  readonly readers?: Partial<ReaderSettings>;
  /** With payload codecs. */
  readonly dataConverter?: DataConverter | undefined;
  readonly requestsPerMinute?: number;
  readonly metricsPort?: number;
  /** Of all its processes. */
  readonly authentication?: AuthenticationSettings;
  /** Of other workflow code than the project's. */
  readonly bundlePath?: string;
  /** Makes the sagas' workers versioned. */
  readonly deployment?: WorkerDeployment;
  /** Of all services. Default: silent. */
  readonly logger?: Logger;
  /** Whether the order history runs too: in the same process, or when distributed in one of its own. */
  readonly history?: boolean;
}

/** Settings of an order service as the tests want it. */
export function orderSettings(databaseUrl: string): OrderServiceSettings {
  return {
    databaseUrl,
    creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS,
    attentionAfterMs: ATTENTION_AFTER_MS,
    sagaGroupMax: 50,
    sagaGroupsInFlight: 4,
    ordersInFlightMax: 2_000,
  };
}

/** The settings that all services of a test share. */
export function commonSettings() {
  const { temporal, bundlePath } = testServers();
  return {
    host: '127.0.0.1',
    port: 0,
    temporal,
    temporalUiUrl: 'http://localhost:8233',
    bundlePath,
    // No delay: no client and no load balancer has to notice the shutdown.
    shutdownDelayMs: 0,
    outbox: { relaysHere: true, retentionMs: 3_600_000 },
    readers: { streamsMax: 200, streamsPerClientMax: 200, waitsMax: 1_000, waitsPerClientMax: 1_000 },
    trustedProxies: ['loopback'],
  };
}

export async function startSystem(options: TestSystemOptions = {}): Promise<TestSystem> {
  const temporal = { ...testServers().temporal, dataConverter: options.dataConverter };
  const databases = options.databases ?? (await createTestDatabases({ history: options.history ?? false }));
  const logger = options.logger ?? createLogger('silent');
  installTemporalRuntime(logger);
  const common = {
    ...commonSettings(),
    temporal,
    ...(options.outbox && { outbox: options.outbox }),
    readers: { ...commonSettings().readers, ...options.readers },
    ...(options.requestsPerMinute !== undefined && { requestsPerMinute: options.requestsPerMinute }),
    ...(options.metricsPort !== undefined && { metricsPort: options.metricsPort }),
    ...(options.authentication && { authentication: options.authentication }),
    ...(options.deployment && { deployment: options.deployment }),
    ...(options.bundlePath !== undefined && { bundlePath: options.bundlePath }),
  };
  const customer = { databaseUrl: databases.customerUrl };
  const colocated = options.placement !== 'distributed';

  let customers: RunningService | undefined;
  const startCustomerService = async (port = 0) => {
    customers = await startService({ ...common, port, customer }, logger);
    return customers.url;
  };
  const customerServiceUrl = colocated ? undefined : await startCustomerService();
  const stopCustomerService = async () => {
    await customers?.stop();
    customers = undefined;
  };
  const historyPort = options.history && !colocated ? await freePort() : undefined;
  const historyUrl = historyPort === undefined ? undefined : `http://127.0.0.1:${String(historyPort)}`;
  const settings: ServiceSettings = {
    ...common,
    order: { ...orderSettings(databases.orderUrl), customerServiceUrl, historyUrl, ...options.order },
    customer: colocated ? customer : undefined,
    history: options.history && colocated ? { databaseUrl: databases.historyUrl } : undefined,
  };
  const service = await startService(settings, logger);
  const history =
    historyPort === undefined
      ? undefined
      : await startService(
          {
            ...common,
            temporal: undefined,
            port: historyPort,
            history: { databaseUrl: databases.historyUrl, feedUrl: service.url },
          },
          logger,
        );
  const { client, connection } = await connectTemporal(temporal);
  let stopped: Promise<void> | undefined;
  const stopService = () => (stopped ??= service.stop());
  return {
    url: service.url,
    buildId: String(service.workflows?.buildId),
    databases,
    client,
    settings,
    stopCustomerService,
    startCustomerService: async () => {
      await startCustomerService(Number(new URL(String(customerServiceUrl)).port));
    },
    stopService,
    stop: async () => {
      await history?.stop();
      await stopService();
      await stopCustomerService();
      await connection.close();
      await databases.drop();
    },
  };
}
