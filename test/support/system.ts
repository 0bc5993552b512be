/** The whole product in the test's process: own databases, own namespace, real servers, real HTTP. */
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { type RunningService, type ServiceSettings, startService } from '../../api/service';
import { connectTemporal } from '../../platform/temporal';
import { createTestDatabases, type TestDatabases } from './databases';
import { testServers } from './servers';

export interface TestSystem {
  readonly url: string;
  readonly databases: TestDatabases;
  readonly client: Client;
  readonly settings: ServiceSettings;
  stop(): Promise<void>;
}

/** Long enough that only a test about it meets it. */
const CREDIT_CHECK_TIMEOUT_MS = 60_000;

export async function startSystem(overrides: Partial<ServiceSettings> = {}): Promise<TestSystem> {
  const { temporal, bundlePath } = await testServers();
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
  const service: RunningService = await startService(settings, pino({ level: 'fatal' }));
  const { client, connection } = await connectTemporal(temporal);
  return {
    url: service.url,
    databases,
    client,
    settings,
    stop: async () => {
      await service.stop();
      await connection.close();
      await databases.drop();
    },
  };
}
