/**
 * Returns the five-character SQLSTATE inside an error of Prisma; undefined when the error did not come from the server.
 * Classes and codes: https://www.postgresql.org/docs/current/errcodes-appendix.html.
 */
export function sqlState(error: unknown): string | undefined {
  for (
    let inner = error;
    isRecord(inner);
    inner = inner['cause'] ?? inner['driverAdapterError'] ?? inner['meta']
  ) {
    const code = inner['originalCode'] ?? inner['code'];
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^P\d{4}$/.test(code)) return code;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
