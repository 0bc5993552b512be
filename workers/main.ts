/** Runs only the workers of the services in SERVICES, without HTTP, to scale out. */
import { SEARCH_ATTRIBUTES } from './search-attributes';
import type { SqlDatabase } from '../events/sql';
import { readConfig, workerDeployment } from '../platform/config';
import { requireSetting } from '../platform/config-error';
import { createLogger, type Logger } from '../platform/logger';
import { runUntilStopped, exitWithError } from '../platform/shutdown';
import { connectTemporal, installTemporalRuntime, prepareTemporal } from '../platform/temporal';
import { createCustomerDatabase } from '../prisma/customer/client';
import { createOrderDatabase } from '../prisma/order/client';
import { BUNDLE_PATH } from './bundle-path';
import { serviceOutbox } from './service-outbox';
import { startWorkers } from './workers';

function main(): void {
  const config = readConfig();
  const { SERVICES, LOG_LEVEL } = config;
  const temporal = requireSetting('TEMPORAL_ADDRESS', config.temporal);
  const logger = createLogger(LOG_LEVEL);
  const orderUrl = () => requireSetting('ORDER_DATABASE_URL', config.ORDER_DATABASE_URL);
  const customerUrl = () => requireSetting('CUSTOMER_DATABASE_URL', config.CUSTOMER_DATABASE_URL);
  const order = SERVICES.includes('order')
    ? withOutbox('order', orderUrl(), createOrderDatabase, logger)
    : undefined;
  const customer = SERVICES.includes('customer')
    ? withOutbox('customer', customerUrl(), createCustomerDatabase, logger)
    : undefined;
  installTemporalRuntime(logger);
  runUntilStopped(logger, async () => {
    await prepareTemporal(temporal, SEARCH_ATTRIBUTES);
    const { connection } = await connectTemporal(temporal);
    const workers = await startWorkers({
      connection,
      namespace: temporal.namespace,
      dataConverter: temporal.dataConverter,
      bundlePath: BUNDLE_PATH,
      deployment: workerDeployment(config),
      order: order && { db: order.db, onCommit: order.outbox.onCommit },
      customer: customer && { db: customer.db, onCommit: customer.outbox.onCommit },
    });
    logger.info({ services: SERVICES, workflows: workers.version }, 'ready');
    return {
      failed: workers.failed,
      stop: async () => {
        await workers.stop();
        await connection.close();
        await Promise.all([order?.stop(), customer?.stop()]);
      },
    };
  });
}

/** Runs no relay: the service's relays, which other processes run, are notified of each commit. */
function withOutbox<Db extends SqlDatabase & { $disconnect(): Promise<void> }>(
  service: 'order' | 'customer',
  url: string,
  connect: (url: string) => Db,
  logger: Logger,
) {
  const db = connect(url);
  const outbox = serviceOutbox({ service, db, url, relaysHere: false, retentionMs: Infinity, logger });
  return {
    db,
    outbox,
    stop: async () => {
      await outbox.stop();
      await db.$disconnect();
    },
  };
}

try {
  main();
} catch (error) {
  exitWithError(error);
}
