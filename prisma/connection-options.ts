/** Connection limits and options of a service's database client, each with its reason. */
import { Pool } from 'pg';

export const DATABASE_LIMITS = {
  /** 10: more than the groups in flight. Statements are short. */
  connections: 10,
  /** 5 s: longer than a failover refuses connections, shorter than the timeouts of clients. */
  connectMs: 5_000,
  /**
   * 5 s, enforced by the server: a statement that takes longer waits for a stuck transaction. Shorter than the timeout of
   * a step, so that the step fails with the error of the database.
   */
  statementMs: 5_000,
  /** 7 s, enforced by the client: the server's timeout error does not arrive over a dead connection. */
  queryMs: 7_000,
  /** 30 s for a transaction of several statements, so that the timeout of a statement ends first and is the one reported. */
  transactionMs: 30_000,
} as const;

/** Of the pools for lists, the feed and the order history: saga steps never wait for readers. */
export const READ_LIMITS = {
  ...DATABASE_LIMITS,
  /** 4: more would only take the processors from the saga steps. Each read is a few milliseconds. */
  connections: 4,
  /** 2 s: every filter of the API has an index. A read that takes longer is an error of ours, or the database is overloaded. */
  statementMs: 2_000,
  queryMs: 4_000,
} as const;

type Limits = Readonly<Record<keyof typeof DATABASE_LIMITS, number>>;

export function createPool(url: string, applicationName: string, limits: Limits = DATABASE_LIMITS): Pool {
  const { connections, connectMs, statementMs, queryMs } = limits;
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
 * Returns a name derived from the statement's text, so that the server prepares each statement once per connection. The
 * texts of our statements have no literals, so their number is small.
 */
export function statementName({ sql }: { sql: string }): string {
  let hash = 0;
  for (let index = 0; index < sql.length; index++) hash = (Math.imul(hash, 31) + sql.charCodeAt(index)) | 0;
  return `s${(hash >>> 0).toString(36)}_${String(sql.length)}`;
}
