/** Runs only the relays of the services in SERVICES, for services that run with OUTBOX_RELAY=elsewhere. */
import { DAY_MS, readConfig } from '../platform/config';
import { requireSetting } from '../platform/config-error';
import { createLogger } from '../platform/logger';
import { createPool } from '../platform/postgres-session';
import { runUntilStopped, exitWithError } from '../platform/shutdown';
import { poolSql } from '../prisma/pool-sql';
import { serviceOutbox } from './service-outbox';

function main(): void {
  const { SERVICES, ORDER_DATABASE_URL, CUSTOMER_DATABASE_URL, EVENT_RETENTION_DAYS, LOG_LEVEL } =
    readConfig();
  const logger = createLogger(LOG_LEVEL);
  const relays = SERVICES.filter((service) => service !== 'history').map((service) => {
    const url =
      service === 'order'
        ? requireSetting('ORDER_DATABASE_URL', ORDER_DATABASE_URL)
        : requireSetting('CUSTOMER_DATABASE_URL', CUSTOMER_DATABASE_URL);
    const pool = createPool(url, `${service}-service`);
    const db = poolSql(pool);
    const retentionMs = EVENT_RETENTION_DAYS * DAY_MS;
    return { pool, outbox: serviceOutbox({ service, db, url, relaysHere: true, retentionMs, logger }) };
  });
  runUntilStopped(logger, () => {
    logger.info({ services: SERVICES }, 'relaying');
    return Promise.resolve({
      failed: new Promise<never>(() => undefined),
      stop: async () => {
        for (const { pool, outbox } of relays) {
          await outbox.stop();
          await pool.end();
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
