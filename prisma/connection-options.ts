/** How a service's process talks to its database; each number with its reason. */

/** 10 connections: more than the groups under way at once; statements are short. */
const POOL_SIZE = 10;

/** 5 s: longer than a failover's connection refusals, shorter than a caller's patience. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * 5 s, enforced by the server: a statement that waits that long waits for a stuck transaction. Shorter
 * than a step's own timeout, so that the step fails with the database's reason.
 */
const STATEMENT_TIMEOUT_MS = 5_000;

/** 7 s, enforced here: the server's timeout cannot be heard over a socket that is dead. */
const QUERY_TIMEOUT_MS = 7_000;

export function connectionOptions(url: string, applicationName: string) {
  return {
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: applicationName,
    keepAlive: true,
  };
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
