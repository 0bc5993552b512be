/** Runs only the relays of the services in SERVICES, for services that run with OUTBOX_RELAY=elsewhere. */
import { DAY_MS, readConfig } from '../platform/config';
import { requireSetting } from '../platform/config-error';
import { createLogger } from '../platform/logger';
import { runUntilStopped, exitWithError } from '../platform/shutdown';
import { createCustomerDatabase } from '../prisma/customer/client';
import { createOrderDatabase } from '../prisma/order/client';
import { serviceOutbox } from './service-outbox';

function main(): void {
  const { SERVICES, ORDER_DATABASE_URL, CUSTOMER_DATABASE_URL, EVENT_RETENTION_DAYS, LOG_LEVEL } =
    readConfig();
  const logger = createLogger(LOG_LEVEL);
  const relays = SERVICES.filter((service) => service !== 'history').map((service) => {
    const isOrder = service === 'order';
    const url = isOrder
      ? requireSetting('ORDER_DATABASE_URL', ORDER_DATABASE_URL)
      : requireSetting('CUSTOMER_DATABASE_URL', CUSTOMER_DATABASE_URL);
    const db = isOrder ? createOrderDatabase(url) : createCustomerDatabase(url);
    const retentionMs = EVENT_RETENTION_DAYS * DAY_MS;
    return { db, outbox: serviceOutbox({ service, db, url, relaysHere: true, retentionMs, logger }) };
  });
  runUntilStopped(logger, () => {
    logger.info({ services: SERVICES }, 'relaying');
    return Promise.resolve({
      failed: new Promise<never>(() => undefined),
      stop: async () => {
        for (const { db, outbox } of relays) {
          await outbox.stop();
          await db.$disconnect();
        }
      },
    });
  });
}

try {
  main();
} catch (error) {
  exitWithError(error);
}
