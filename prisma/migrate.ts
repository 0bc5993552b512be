/** Applies the migrations of a service. `npm start` does this at every start. */
import { Client } from 'pg';
import { NO_FILTER, readMigrations, type ServiceName, withSchemaEngine } from './schema-engine';

/** Key of the advisory lock that serializes migrations: one process migrates, the others wait and then have nothing to apply. */
const MIGRATION_LOCK = 7_235_001;

/**
 * @param url of a role that may change the schema
 * @returns the names of the migrations that this call applied
 * @throws Error when the database is unreachable, or a migration fails (the migrations table then marks it as failed)
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
