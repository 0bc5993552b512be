/** Every timeout and retry number of the sagas' steps, each with its reason. */
import type { RetryPolicy } from '@temporalio/common';
import type { LocalActivityOptions } from '@temporalio/workflow';

/**
 * 10 s: longer than the database clients' own statement timeout (5 s), so that a step that hangs fails
 * with the database's reason; this bound is for a client that hangs all the same.
 */
const STEP_TIMEOUT_MS = 10_000;

/** 50 ms: a lost connection is usually replaced by then; doubled each time, so an outage is not hammered. */
const FIRST_RETRY_MS = 50;

/**
 * Steps that must succeed wait up to 30 s between attempts. Doubling reaches that only after a minute's
 * outage, so a saga never waits longer after an outage than the outage itself took.
 */
const STEP_RETRY: RetryPolicy = {
  initialInterval: FIRST_RETRY_MS,
  backoffCoefficient: 2,
  maximumInterval: 30_000,
};

/**
 * 1 s at most between attempts to reserve: they end with the credit check timeout, so there are few, and
 * a wait that would reach past that timeout would end the saga early.
 */
const RESERVE_RETRY: RetryPolicy = { ...STEP_RETRY, maximumInterval: 1_000 };

/**
 * 5 s: a longer wait between two attempts becomes a timer in the history; a shorter one keeps the workflow
 * task open, which costs three events at each of its heartbeats (every 4 s).
 */
const LOCAL_RETRY_THRESHOLD_MS = 5_000;

/** For steps that are retried until they succeed. */
export const UNTIL_DONE: LocalActivityOptions = {
  startToCloseTimeout: STEP_TIMEOUT_MS,
  retry: STEP_RETRY,
  localRetryThreshold: LOCAL_RETRY_THRESHOLD_MS,
};

/** For `reserveCredit`: retried until it answers or until `timeoutMs` have passed since it was asked. */
export function within(timeoutMs: number): LocalActivityOptions {
  return {
    startToCloseTimeout: Math.min(STEP_TIMEOUT_MS, timeoutMs),
    scheduleToCloseTimeout: timeoutMs,
    retry: RESERVE_RETRY,
  };
}

/** First pause before a step is asked again for an order whose row somebody else holds; then doubled. */
export const BUSY_FIRST_PAUSE_MS = 100;

/** 2 s: a lock held for this long is a stuck transaction; asking more often would not free it sooner. */
export const BUSY_LONGEST_PAUSE_MS = 2_000;

/** At least one real attempt to reserve, however late an order's turn comes. */
export const SHORTEST_RESERVE_MS = 1_000;
