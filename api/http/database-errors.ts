/** Tells a database that is away, which comes back, from a bug, which does not. */
import { sqlState } from '../../prisma/sql-state';

/**
 * What the server says of its own state: connection trouble, a transaction that lost against others, no resources (a full
 * disk, no connection left), a stop, a failing disk; a standby, and a lock that somebody else holds.
 */
const PASSING_STATES = /^(08|40|53|57|58)|^(25006|55P03)$/;

/** Prisma's own codes: cannot reach, timed out, connection closed, pool timeout, too many connections. */
const AWAY_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);

/** What the driver and the operating system say, where Prisma hands it on without a code of its own. */
const AWAY_WORDS = new RegExp(
  [
    'ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN',
    'DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections|TlsConnectionError',
    'connection terminated|terminating connection|connection timeout|timeout exceeded when trying to connect|query read timeout|statement timeout|connection error and is not queryable',
    'not accepting|starting up|shutting down|recovery mode',
    // A transaction that had no connection in time, or lost it to its own time limit.
    'unable to start a transaction|expired transaction',
  ].join('|'),
  'i',
);

/** Whether the same request may succeed later, without anybody mending code. */
export function databaseIsAway(error: unknown): boolean {
  if (!(error instanceof Error) || !isPrismas(error)) return false;
  if (PASSING_STATES.test(sqlState(error) ?? '')) return true;
  if ('code' in error && typeof error.code === 'string' && AWAY_CODES.has(error.code)) return true;
  const cause = error.cause instanceof Error ? `${error.cause.name} ${error.cause.message}` : '';
  return AWAY_WORDS.test(`${error.message} ${cause} ${JSON.stringify('meta' in error ? error.meta : {})}`);
}

/** What the driver throws by itself, such as its own timeouts, Prisma hands on with its version, or as it is. */
function isPrismas(error: Error): boolean {
  return (
    /^Prisma|DriverAdapter/.test(error.name) ||
    'clientVersion' in error ||
    /[\\/]node_modules[\\/](pg|pg-pool|@prisma[\\/]adapter-pg)[\\/]/.test(error.stack ?? '')
  );
}
