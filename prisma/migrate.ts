/** Applies a service's migrations; the product does this itself at every start. */
import { Client } from 'pg';
import { NO_FILTER, readMigrations, type ServiceName, withSchemaEngine } from './schema-engine';

/** Any constant that only we use: whoever holds it migrates, the others wait and find nothing to do. */
const MIGRATION_LOCK = 7_235_001;

/**
 * @param url of a role that may change the schema
 * @returns the names of the migrations that were applied now; none when the database was current
 * @throws Error when the database cannot be reached, or a migration fails (it is then marked as failed)
 */
export async function applyMigrations(service: ServiceName, url: string): Promise<string[]> {
  const lock = new Client({ connectionString: url });
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const migrationsList = await readMigrations(service);
    const { appliedMigrationNames } = await withSchemaEngine(service, url, (engine) =>
      engine.applyMigrations({ migrationsList, filters: NO_FILTER }),
    );
    return appliedMigrationNames;
  } finally {
    await lock.end();
  }
}
