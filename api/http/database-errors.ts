/** Distinguishes an unavailable database, which recovers, from a bug, which does not. */
import { sqlState } from '../../prisma/sql-state';

/**
 * SQLSTATEs of the server's condition: a connection failure, a serialization failure, no resources (a full disk, no free
 * connection), a shutdown, a failing disk, a standby, a lock that is not available.
 */
const TRANSIENT_STATES = /^(08|40|53|57|58)|^(25006|55P03)$/;

/** Prisma's error codes: cannot reach, timed out, connection closed, pool timeout, too many connections. */
const UNAVAILABLE_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);

/** Messages of the driver and the operating system that Prisma passes on without an error code. */
const UNAVAILABLE_MESSAGES = new RegExp(
  [
    'ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN',
    'DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections|TlsConnectionError',
    'connection terminated|terminating connection|connection timeout|timeout exceeded when trying to connect|query read timeout|statement timeout|connection error and is not queryable',
    'not (currently )?accepting|starting up|shutting down|recovery mode',
    // A transaction that got no connection in time, or exceeded its own time limit.
    'unable to start a transaction|expired transaction',
  ].join('|'),
  'i',
);

/** The server's `statement_timeout`, or an operator, has cancelled the statement. */
const QUERY_CANCELED = '57014';

/** Whether the statement took longer than its limit. */
export function isStatementTimeout(error: unknown): boolean {
  return error instanceof Error && sqlState(error) === QUERY_CANCELED;
}

/** Whether the same request may succeed later without a change of the code. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error) || !isDatabaseError(error)) return false;
  if (TRANSIENT_STATES.test(sqlState(error) ?? '')) return true;
  if ('code' in error && typeof error.code === 'string' && UNAVAILABLE_CODES.has(error.code)) return true;
  const cause = error.cause instanceof Error ? `${error.cause.name} ${error.cause.message}` : '';
  const meta = JSON.stringify('meta' in error ? error.meta : {});
  return UNAVAILABLE_MESSAGES.test(`${error.message} ${cause} ${meta}`);
}

/** Prisma adds its version to the driver's errors, such as timeouts, or passes them on unchanged. */
function isDatabaseError(error: Error): boolean {
  return (
    /^Prisma|DriverAdapter/.test(error.name) ||
    'clientVersion' in error ||
    /[\\/]node_modules[\\/](pg|pg-pool|@prisma[\\/]adapter-pg)[\\/]/.test(error.stack ?? '')
  );
}
