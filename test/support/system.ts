/** The whole product in the test's process: own databases, own namespace, real servers, real HTTP. */
import type { Client } from '@temporalio/client';
import { type RunningService, type ServiceSettings, startService } from '../../api/service';
import { createLogger } from '../../platform/logger';
import { connectTemporal, installTemporalRuntime } from '../../platform/temporal';
import { createTestDatabases, type TestDatabases } from './databases';
import { testServers } from './servers';

export interface TestSystem {
  readonly url: string;
  readonly databases: TestDatabases;
  readonly client: Client;
  readonly settings: ServiceSettings;
  /** Stops the service only; the databases and the Temporal server stay. */
  stopService(): Promise<void>;
  stop(): Promise<void>;
}

/** Long enough that only a test about it meets it. */
const CREDIT_CHECK_TIMEOUT_MS = 60_000;

export async function startSystem(overrides: Partial<ServiceSettings> = {}): Promise<TestSystem> {
  const { temporal, bundlePath } = testServers();
  const databases = await createTestDatabases();
  const settings: ServiceSettings = {
    host: '127.0.0.1',
    port: 0,
    temporal,
    temporalUiUrl: 'http://localhost:8233',
    orderDatabaseUrl: databases.orderUrl,
    customerDatabaseUrl: databases.customerUrl,
    bundlePath,
    creditCheckTimeoutMs: CREDIT_CHECK_TIMEOUT_MS,
    sagaGroupMax: 50,
    sagaGroupsInFlight: 2,
    ...overrides,
  };
  const logger = createLogger('silent');
  installTemporalRuntime(logger);
  const service: RunningService = await startService(settings, logger);
  const { client, connection } = await connectTemporal(temporal);
  let stopped: Promise<void> | undefined;
  const stopService = () => (stopped ??= service.stop());
  return {
    url: service.url,
    databases,
    client,
    settings,
    stopService,
    stop: async () => {
      await stopService();
      await connection.close();
      await databases.drop();
    },
  };
}
