/**
 * The databases of a deployment, once before its services start: makes roles and databases where
 * DATABASE_ADMIN_URL is set, then applies the migrations of each service whose *_DATABASE_OWNER_URL is set.
 */
import { readConfig } from '../platform/config';
import { ConfigError } from '../platform/config-error';
import { sayAndExit } from '../platform/shutdown';
import { applyMigrations } from './migrate';
import { provision, rolesOf } from './provision';

async function main(): Promise<void> {
  const config = readConfig();
  const services = [
    ['order', config.ORDER_DATABASE_OWNER_URL, config.ORDER_DATABASE_URL],
    ['customer', config.CUSTOMER_DATABASE_OWNER_URL, config.CUSTOMER_DATABASE_URL],
    ['history', config.ORDER_HISTORY_DATABASE_OWNER_URL, config.ORDER_HISTORY_DATABASE_URL],
  ] as const;
  for (const [service, ownerUrl, serviceUrl] of services) {
    if (ownerUrl === undefined) continue;
    if (config.DATABASE_ADMIN_URL !== undefined) {
      if (serviceUrl === undefined)
        throw new ConfigError(`${service}: its DATABASE_URL names its login role`);
      await provision(config.DATABASE_ADMIN_URL, rolesOf(ownerUrl, serviceUrl));
    }
    await applyMigrations(service, ownerUrl);
    console.log(`${service}: up to date`);
  }
}

// Exits by itself: the schema engine leaves a timer of ten seconds behind.
main().then(() => process.exit(0), sayAndExit);
