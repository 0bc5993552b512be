/** Structured logs, one JSON object a line; no personal data goes into them. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = { level, timestamp: pino.stdTimeFunctions.isoTime, base: null };
  return destination ? pino(options, destination) : pino(options);
}
