/** Workers alone, of the services named in SERVICES: more hands for the same queues, without HTTP. */
import { ORDER_IDS_ATTRIBUTE } from '../domain/names';
import { readConfig } from '../platform/config';
import { needed } from '../platform/config-error';
import { createLogger } from '../platform/logger';
import { runUntilStopped, sayAndExit } from '../platform/shutdown';
import { connectTemporal, installTemporalRuntime, prepareTemporal } from '../platform/temporal';
import { createCustomerDatabase } from '../prisma/customer/client';
import { createOrderDatabase } from '../prisma/order/client';
import { BUNDLE_PATH } from './bundle-path';
import { startWorkers } from './workers';

function main(): void {
  const { SERVICES, ORDER_DATABASE_URL, CUSTOMER_DATABASE_URL, LOG_LEVEL, ...config } = readConfig();
  const temporal = needed('TEMPORAL_ADDRESS', config.temporal);
  const orderDb = SERVICES.includes('order')
    ? createOrderDatabase(needed('ORDER_DATABASE_URL', ORDER_DATABASE_URL))
    : undefined;
  const customerDb = SERVICES.includes('customer')
    ? createCustomerDatabase(needed('CUSTOMER_DATABASE_URL', CUSTOMER_DATABASE_URL))
    : undefined;
  const logger = createLogger(LOG_LEVEL);
  installTemporalRuntime(logger);
  runUntilStopped(logger, async () => {
    await prepareTemporal(temporal, ORDER_IDS_ATTRIBUTE);
    const { connection } = await connectTemporal(temporal);
    const workers = await startWorkers({
      connection,
      namespace: temporal.namespace,
      bundlePath: BUNDLE_PATH,
      order: orderDb && { db: orderDb },
      customer: customerDb && { db: customerDb },
    });
    logger.info({ services: SERVICES }, 'ready');
    return {
      failed: workers.failed,
      stop: async () => {
        await workers.stop();
        await connection.close();
        await Promise.all([orderDb?.$disconnect(), customerDb?.$disconnect()]);
      },
    };
  });
}

try {
  main();
} catch (error) {
  sayAndExit(error);
}
