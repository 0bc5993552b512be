/** Structured logs, one JSON object a line; no personal data goes into them. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/** Where errors of Postgres keep the values of the row that a constraint has refused: of `pg`, of the adapter, of Prisma. */
const ROW_VALUES = ['detail', 'cause.detail', 'meta.driverAdapterError.cause.detail'];

export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    base: null,
    redact: { paths: ROW_VALUES.map((path) => `err.${path}`), remove: true },
  };
  return destination ? pino(options, destination) : pino(options);
}
