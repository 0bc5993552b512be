/**
 * The only module that opens sessions of Postgres. A session inherits settings from the server, the database and the
 * role, and node-postgres inherits more from PG* variables; each session here states everything that our code relies on.
 */
import { Client, type ClientBase, type ClientConfig, Pool, types } from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';

/** Of the services' pools, and of the connections beside them. */
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

const POSTGRES_PORT = 5432;

const SETTINGS = {
  /** Prisma sends times without an offset, and drops the offset of those that it reads. */
  TimeZone: 'UTC',
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  /** Floating-point numbers are read as they were written. */
  extra_float_digits: '1',
  /** NULL within an array is a null, and a backslash within a string is a backslash. */
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  search_path: 'public',
  /** A commit is on disk before it is acknowledged. */
  synchronous_commit: 'on',
  /** Each step is one statement that re-reads a row that it waited for; other levels fail there. */
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  /** Statements wait for locks; `statement_timeout` bounds the wait. */
  lock_timeout: '0',
  /** A rebuild of the view and the lock of the migrations keep a session idle for as long as they take. */
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
} as const;

/**
 * On each new connection. Postgres before 17 refuses `transaction_timeout` as a start-up option. A pooler that drops the
 * start-up options is found here: times would be off by hours, and nobody would notice.
 */
const PREPARE = `SELECT current_setting('TimeZone') AS zone,
  CASE WHEN current_setting('transaction_timeout', true) IS NOT NULL THEN set_config('transaction_timeout', '0', false) END`;

export interface SessionLimits {
  /** Milliseconds; default: no limit. */
  readonly statementMs?: number;
  /** The server rejects every write. */
  readonly readOnly?: boolean;
}

/**
 * Returns the options for node-postgres, with a value for each that it would take from a PG* variable otherwise.
 *
 * @param url postgres:// URL that names user, host and database, and may name TLS (`sslmode`, …) and `options`
 * @param applicationName as `pg_stat_activity` shows it
 */
export function sessionOptions(
  url: string,
  applicationName: string,
  limits: SessionLimits = {},
): ClientConfig {
  const { user, password, host, port, database, ssl, sslnegotiation, options } = parseIntoClientConfig(url);
  return {
    ...{ user, host, database },
    port: port ?? POSTGRES_PORT,
    // A function, because node-postgres would replace an empty text by PGPASSWORD, or by a line of ~/.pgpass.
    password: typeof password === 'function' ? password : () => password ?? '',
    ssl: ssl ?? false,
    sslnegotiation: sslnegotiation ?? 'postgres',
    client_encoding: 'utf8',
    ...{ replication: 'false' },
    application_name: applicationName,
    connectionTimeoutMillis: DATABASE_LIMITS.connectMs,
    keepAlive: true,
    // The last value of a setting counts.
    options: [options ?? '', ...startUpOptions(limits)].join(' ').trim(),
  };
}

/** A connection that is not open yet; follow `connect` by {@link prepareSession}. */
export function createClient(...session: Parameters<typeof sessionOptions>): Client {
  return new Client(sessionOptions(...session));
}

/** @returns an open connection; the caller closes it */
export async function connectClient(url: string, applicationName: string): Promise<Client> {
  const client = createClient(url, applicationName);
  // Without a listener, a connection that the server ends would end this process; the next query reports it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await prepareSession(client);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

/** Runs `work` on a connection of its own, and closes it. */
export async function withClient<T>(
  url: string,
  applicationName: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connectClient(url, applicationName);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** @throws Error when the connection does not have the settings that it asked for */
export async function prepareSession(client: ClientBase): Promise<void> {
  const [row] = (await client.query<{ zone: string }>(PREPARE)).rows;
  if (row?.zone === SETTINGS.TimeZone) return;
  throw new Error(
    `a session of Postgres has TimeZone ${String(row?.zone)} although it was opened with ${SETTINGS.TimeZone}: a pooler ` +
      'drops the start-up options; connect to Postgres directly, or let the pooler pass "options" on',
  );
}

export interface PoolOptions {
  /** Default: {@link DATABASE_LIMITS}. */
  readonly limits?: Readonly<Record<'connections' | 'statementMs' | 'queryMs', number>>;
  /** The server rejects every write. */
  readonly readOnly?: boolean;
}

/** A bigint as Prisma's client reads it; the driver alone reads it as text. */
const PARSERS = {
  getTypeParser: (...[type, format]: Parameters<typeof types.getTypeParser>): unknown =>
    type === types.builtins.INT8 ? BigInt : types.getTypeParser(type, format),
};

export function createPool(
  url: string,
  applicationName: string,
  { limits = DATABASE_LIMITS, readOnly = false }: PoolOptions = {},
): Pool {
  const { connections, statementMs, queryMs } = limits;
  const pool = new Pool({
    ...sessionOptions(url, applicationName, { statementMs, readOnly }),
    max: connections,
    query_timeout: queryMs,
    types: PARSERS,
    verify: (client, done) => {
      prepareSession(client).then(() => {
        done();
      }, done);
    },
  });
  // Without a listener, an idle connection that the server ends would end this process. The next statement opens another one.
  pool.on('error', () => undefined);
  return pool;
}

function startUpOptions({ statementMs = 0, readOnly = false }: SessionLimits): string[] {
  const settings = {
    ...SETTINGS,
    statement_timeout: String(statementMs),
    default_transaction_read_only: readOnly ? 'on' : 'off',
  };
  return Object.entries(settings).map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`);
}
