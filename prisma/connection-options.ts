/** How a service's process talks to its database; each number with its reason. */
import { Pool } from 'pg';

export const DATABASE_LIMITS = {
  /** 10: more than the groups under way at once; statements are short. */
  connections: 10,
  /** 5 s: longer than a failover's connection refusals, shorter than a caller's patience. */
  connectMs: 5_000,
  /**
   * 5 s, enforced by the server: a statement that waits that long waits for a stuck transaction. Shorter
   * than a step's own timeout, so that the step fails with the database's reason.
   */
  statementMs: 5_000,
  /** 7 s, enforced here: the server's timeout cannot be heard over a socket that is dead. */
  queryMs: 7_000,
  /** 30 s for a transaction of several statements, each of which has its own time: it is theirs that is heard of. */
  transactionMs: 30_000,
} as const;

export function createPool(url: string, applicationName: string): Pool {
  const { connections, connectMs, statementMs, queryMs } = DATABASE_LIMITS;
  return new Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    query_timeout: queryMs,
    application_name: applicationName,
    keepAlive: true,
  });
}

/**
 * Names a statement after its text, so that the server plans each of our few statements once a connection.
 * The step statements have no literals in their text, so there are only as many names as statements.
 */
export function statementName({ sql }: { sql: string }): string {
  let hash = 0;
  for (let index = 0; index < sql.length; index++) hash = (Math.imul(hash, 31) + sql.charCodeAt(index)) | 0;
  return `s${(hash >>> 0).toString(36)}_${String(sql.length)}`;
}
