/** How a service's process lives: it starts, runs until it is told to stop, drains, and ends. */
import { ConfigError } from './config-error';
import type { Logger } from './logger';

/** 10 s: what orchestrators give between SIGTERM and SIGKILL. */
const STOP_WITHIN_MS = 10_000;

export interface Running {
  /** Rejects when a part that must run has ended by itself. */
  readonly failed: Promise<never>;
  /** Lets what is under way finish. */
  stop(): Promise<void>;
}

/**
 * Runs until SIGTERM or SIGINT (exit code 0), or until a part fails (exit code 1). A second signal ends at
 * once; so does a stop that takes too long: what was under way is durable, and goes on elsewhere.
 */
export function runUntilStopped(logger: Logger, start: () => Promise<Running>): void {
  const starting = start();
  let stopping = false;
  const stop = (exitCode: number): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => {
      logger.error('the stop took too long');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    starting
      .then((running) => running.stop())
      .then(
        () => process.exit(exitCode),
        () => process.exit(1),
      );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      logger.info({ signal }, 'stopping');
      stop(0);
    });
  }
  starting.then(
    (running) => {
      running.failed.catch((err: unknown) => {
        logger.fatal({ err }, 'a worker has ended by itself');
        stop(1);
      });
    },
    (error: unknown) => {
      sayAndExit(error);
    },
  );
}

/** A bad variable is one line without a stack trace. */
export function sayAndExit(error: unknown): never {
  if (error instanceof ConfigError) console.error(error.message);
  else console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exit(1);
}
