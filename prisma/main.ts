/**
 * Prepares the databases of a deployment; to be run before its services start. Creates roles and databases if
 * DATABASE_ADMIN_URL is set, then applies the migrations of each service whose *_DATABASE_OWNER_URL is set.
 */
import { oneLine } from '../platform/command';
import { readConfig } from '../platform/config';
import { ConfigError } from '../platform/config-error';
import { exitWithError } from '../platform/shutdown';
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
        throw new ConfigError(
          `${service}: the database URL of the service is not set, and DATABASE_ADMIN_URL is; set it to a URL with the login role to create`,
        );
      await provision(config.DATABASE_ADMIN_URL, rolesOf(ownerUrl, serviceUrl)).catch((error: unknown) => {
        throw new ConfigError(`${service}: DATABASE_ADMIN_URL cannot provision it: ${oneLine(error)}`);
      });
    }
    await applyMigrations(service, ownerUrl).catch((error: unknown) => {
      throw new ConfigError(`${service}: the migrations cannot be applied: ${oneLine(error)}`);
    });
    console.log(`${service}: up to date`);
  }
}

// process.exit, because the schema engine leaves a timer of ten seconds.
main().then(() => process.exit(0), exitWithError);
