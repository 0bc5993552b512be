/** A check of another server, whose result all probes of a short time share. */
import { withTimeout } from '../../saga/host/with-timeout';

/** 2 s: shorter than the usual timeout of an orchestrator's probe. */
export const CHECK_TIMEOUT_MS = 2_000;

/**
 * 2 s from its start: how long a success also answers later probes, so a server that hangs is reported after at most four
 * seconds, and one that refuses after two. A balancer probes several times a second, and asking the database and Temporal each time took most of the processor
 * time of an idle process. A failure answers only the probes that wait for it, so the end of an outage is reported at once.
 */
const SHARED_MS = 2_000;

/** 5 s: for what changes only when an operator changes it. */
export const SETTING_SHARED_MS = 5_000;

interface SharedCheckOptions {
  /** How long a success answers later probes, milliseconds; default: 2,000. */
  readonly sharedMs?: number;
  /** Milliseconds of a clock that never goes back; default: the process's. */
  readonly now?: () => number;
}

interface Started<Result> {
  readonly at: number;
  readonly result: Promise<Result>;
  isUnderWay: boolean;
}

/**
 * @param check asks another server; the state of this process itself costs nothing and must not be shared
 * @returns a check that rejects when `check` fails, or takes longer than 2 s
 * @example
 * const checks = { database: sharedCheck(() => db.$queryRaw`SELECT 1`), worker: () => worker.check() };
 */
export function sharedCheck<Result>(
  check: () => Promise<Result>,
  { sharedMs = SHARED_MS, now = () => performance.now() }: SharedCheckOptions = {},
): () => Promise<Result> {
  let last: Started<Result> | undefined;
  return () => {
    if (last && (last.isUnderWay || now() - last.at < sharedMs)) return last.result;
    // With a time limit of its own: a call that never ends must not answer the probes after the outage.
    const result = withTimeout(check(), CHECK_TIMEOUT_MS, 'check');
    const started: Started<Result> = { at: now(), result, isUnderWay: true };
    last = started;
    result.then(
      () => {
        started.isUnderWay = false;
      },
      () => {
        if (last === started) last = undefined;
      },
    );
    return result;
  };
}
