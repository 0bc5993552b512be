/** Applies the migrations of a service. `npm start` does this at every start. */
import type { Client } from 'pg';
import { withMigrationLock } from './migration-lock';
import { NO_FILTER, readMigrations, type ServiceName, withSchemaEngine } from './schema-engine';

/**
 * @param url of a role that may change the schema
 * @returns the names of the migrations that this call applied
 * @throws Error when the database is unreachable, or a migration fails (the migrations table then marks it as failed)
 */
export function applyMigrations(service: ServiceName, url: string): Promise<string[]> {
  return withMigrationLock(url, async (client) => {
    const migrationsList = await readMigrations(service);
    const { appliedMigrationNames } = await withSchemaEngine(service, url, (engine) =>
      engine.applyMigrations({ migrationsList, filters: NO_FILTER }),
    );
    await protectMigrations(client);
    return appliedMigrationNames;
  });
}

/**
 * Takes the right to write the migrations table from all roles but its owner: provisioning grants the service the rights on
 * all tables. Who can write it decides which migrations run.
 */
async function protectMigrations(owner: Client): Promise<void> {
  const { rows } = await owner.query<{ role: string }>(`
    SELECT DISTINCT pg_get_userbyid(acl.grantee) AS role
    FROM pg_class c, aclexplode(c.relacl) AS acl
    WHERE c.oid = to_regclass('public._prisma_migrations') AND acl.grantee NOT IN (0, c.relowner)`);
  for (const { role } of rows)
    await owner.query(
      `REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON public._prisma_migrations FROM ${owner.escapeIdentifier(role)}`,
    );
}
