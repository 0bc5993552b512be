/** Every timeout and retry number of the sagas' steps, each with its reason. */
import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';
import { CUSTOMER_TASK_QUEUE } from '../domain/names';

/**
 * 10 s: longer than the database clients' own statement timeout (5 s), so that a step that hangs fails
 * with the database's reason; this bound is for a client that hangs all the same.
 */
const STEP_TIMEOUT_MS = 10_000;

/** At least one real attempt to reserve, however late an order's turn comes. */
const SHORTEST_STEP_MS = 1_000;

/**
 * One attempt: the saga itself asks again, after a durable timer. Retries inside a local activity would
 * hold the workflow task open (three history events at each of its heartbeats, and no cancellation is
 * heard meanwhile), and they do not end with a schedule-to-close timeout.
 *
 * @param leftMs how long the step may still take, milliseconds; Infinity when it must succeed
 */
export function oneLocalAttempt(leftMs: number): LocalActivityOptions {
  return {
    startToCloseTimeout: Math.max(Math.min(STEP_TIMEOUT_MS, leftMs), SHORTEST_STEP_MS),
    retry: { maximumAttempts: 1 },
  };
}

/** 50 ms: a lost connection is usually replaced, and a short transaction over, by then. */
export const FIRST_PAUSE_MS = 50;

/** Doubled each time: after an outage a saga never waits longer than the outage itself took. */
export const PAUSE_GROWTH = 2;

/**
 * 20 s between attempts of a step that must succeed: six history events each, so a day's outage stays
 * within the limit of 51,200.
 */
export const LONGEST_PAUSE_MS = 20_000;

/** 1 s between attempts to reserve: they end with the credit check timeout, so there are few. */
export const LONGEST_RESERVE_PAUSE_MS = 1_000;

/**
 * 2 s: a step whose process lives, but whose line to its database is dead, is given to another process after this.
 * A step takes a few milliseconds; one that takes longer runs twice, which its rows make harmless.
 */
const REMOTE_STEP_TIMEOUT_MS = 2_000;

/**
 * 600 ms: a step whose process says nothing for so long (it was killed, or stopped polling while the step was
 * on its way to it) is given to another process, so that its sagas are delayed by less than a second.
 */
const REMOTE_STEP_SILENCE_MS = 600;

/**
 * 60 s, unless the saga was started with another: longer than a failover or a restart of a database, so that
 * nobody is called for what mends itself.
 */
export const ATTENTION_AFTER_MS = 60_000;

/**
 * A step on the customer service's task queue. The server asks again by itself, which costs no event, and
 * keeps the request while nobody is there to take it. One that must succeed fails after a time all the same, so
 * that its saga hears of it, says so, and asks again.
 *
 * @param leftMs how long the step may still take, milliseconds; Infinity when it must succeed
 * @param attentionAfterMs how long its saga hears nothing of a step that must succeed, milliseconds
 */
export function remoteStep(leftMs: number, attentionAfterMs: number): ActivityOptions {
  const bounded = Number.isFinite(leftMs);
  return {
    taskQueue: CUSTOMER_TASK_QUEUE,
    startToCloseTimeout: REMOTE_STEP_TIMEOUT_MS,
    heartbeatTimeout: REMOTE_STEP_SILENCE_MS,
    scheduleToCloseTimeout: bounded ? Math.max(leftMs, SHORTEST_STEP_MS) : attentionAfterMs,
    retry: {
      initialInterval: FIRST_PAUSE_MS,
      backoffCoefficient: PAUSE_GROWTH,
      maximumInterval: bounded ? LONGEST_RESERVE_PAUSE_MS : LONGEST_PAUSE_MS,
    },
  };
}
