/** Tells a database that is away, which comes back, from a bug, which does not. */

/** Prisma's own codes: cannot reach, timed out, connection closed, pool timeout, too many connections. */
const AWAY_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);

/** What the driver and the operating system say, where Prisma hands it on without a code of its own. */
const AWAY_WORDS = new RegExp(
  [
    'ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN',
    'DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections|TlsConnectionError',
    'connection terminated|terminating connection|connection timeout|query read timeout|statement timeout',
    'not accepting|starting up|shutting down|recovery mode|too many clients|remaining connection slots',
  ].join('|'),
  'i',
);

/** Whether the same request may succeed later, without anybody mending code. */
export function databaseIsAway(error: unknown): boolean {
  if (!(error instanceof Error) || !/^Prisma|DriverAdapter/.test(error.name)) return false;
  if ('code' in error && typeof error.code === 'string' && AWAY_CODES.has(error.code)) return true;
  const cause = error.cause instanceof Error ? `${error.cause.name} ${error.cause.message}` : '';
  return AWAY_WORDS.test(`${error.message} ${cause} ${JSON.stringify('meta' in error ? error.meta : {})}`);
}
