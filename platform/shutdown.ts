/** The lifecycle of a service process: start, run until a signal, drain, exit. */
import { ConfigError } from './config-error';
import type { Logger } from './logger';
import { onStopSignals } from './stop-signals';

/** 10 s: orchestrators commonly allow this between SIGTERM and SIGKILL. */
const STOP_WITHIN_MS = 10_000;

export interface Running {
  /** Rejects when a required part has ended unexpectedly. */
  readonly failed: Promise<never>;
  /** Finishes the work in progress. */
  stop(): Promise<void>;
}

/**
 * Runs until a signal asks it to stop (exit code 0), or until a part fails (exit code 1). A second request exits at
 * once, and so does a shutdown that exceeds its timeout: sagas are durable and resume in another process.
 */
export function runUntilStopped(logger: Logger, start: () => Promise<Running>): void {
  const starting = start();
  let stopping = false;
  const stop = (exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      logger.error({ timeoutMs: STOP_WITHIN_MS }, 'graceful shutdown timed out; exiting now');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    starting
      .then((running) => running.stop())
      .then(
        () => process.exit(exitCode),
        () => process.exit(1),
      );
  };
  onStopSignals(
    (signal) => {
      logger.info({ signal }, 'stopping');
      stop(0);
    },
    () => {
      logger.warn('stopping immediately: a second signal arrived');
      process.exit(1);
    },
  );
  starting.then(
    (running) => {
      running.failed.catch((err: unknown) => {
        logger.fatal({ err }, 'a worker ended unexpectedly; stopping the process');
        stop(1);
      });
    },
    (error: unknown) => {
      exitWithError(error);
    },
  );
}

/** Prints a ConfigError without a stack trace, any other error with one, and exits with code 1. */
export function exitWithError(error: unknown): never {
  if (error instanceof ConfigError) console.error(error.message);
  else console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exit(1);
}
