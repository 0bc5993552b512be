/** Applies the migrations of a service. `npm start` does this at every start. */
import { withMigrationLock } from './migration-lock';
import { NO_FILTER, readMigrations, type ServiceName, withSchemaEngine } from './schema-engine';

/**
 * @param url of a role that may change the schema
 * @returns the names of the migrations that this call applied
 * @throws Error when the database is unreachable, or a migration fails (the migrations table then marks it as failed)
 */
export function applyMigrations(service: ServiceName, url: string): Promise<string[]> {
  return withMigrationLock(url, async () => {
    const migrationsList = await readMigrations(service);
    const { appliedMigrationNames } = await withSchemaEngine(service, url, (engine) =>
      engine.applyMigrations({ migrationsList, filters: NO_FILTER }),
    );
    return appliedMigrationNames;
  });
}
