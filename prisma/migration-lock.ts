/** Serializes all that changes roles, databases or schemas: one process does it, the others wait, and then find it done. */
import type { Client } from 'pg';
import { withClient } from '../platform/postgres-session';

/** Key of the advisory lock; each database has its own. */
const MIGRATION_LOCK = 7_235_001;

/** Runs `work` on a connection that holds the lock of its database. */
export function withMigrationLock<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  return withClient(url, 'migrations', async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return work(client);
  });
}
