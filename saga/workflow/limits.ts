/** Every timeout and retry limit of the engine's workflows, each with its reason. */

/**
 * 1 s for an attempt in the saga's own process. The attempt holds one of the worker's workflow task slots, and a database
 * that hangs must not take all of them. A step takes a few milliseconds. A step that takes longer than this runs twice,
 * which is safe because steps are idempotent.
 */
export const LOCAL_ATTEMPT_MS = 1_000;

/**
 * 3 attempts in the saga's own process: enough to outlast a reconnect or a short transaction. Then the step goes to its
 * task queue, where a retry by the server needs no workflow task and no history event.
 */
export const LOCAL_ATTEMPTS = 3;

/** 50 ms: by then a lost connection is usually replaced, and a short transaction has ended. */
export const FIRST_PAUSE_MS = 50;

/** Each pause is twice the last: after an outage a saga waits at most as long as the outage took. */
export const PAUSE_GROWTH = 2;

/** 5 minutes: a saga that waits costs a few hundred events a day, and an operator can retry it at once. */
export const LONGEST_PAUSE_MS = 300_000;

/**
 * The longest pause of a step with a deadline is 1 s or a 300th of its time, whichever is longer. With a deadline of up
 * to 5 minutes, waiting steps run within a second after their service is back. With a deadline of a day, an attempt runs
 * about every 5 minutes.
 */
export const LONGEST_PAUSE_BEFORE_DEADLINE_MS = 1_000;
export const ATTEMPTS_BEFORE_DEADLINE = 300;

/**
 * 2 s for an attempt on a task queue: then the server gives the step to another process. Its process is alive, but its
 * database connection may not be.
 */
export const REMOTE_ATTEMPT_MS = 2_000;

/**
 * 600 ms without a heartbeat: the server gives the step to another process. Its process was killed, or stopped polling
 * while the step was on its way. So its sagas are delayed by less than a second.
 */
export const REMOTE_SILENCE_MS = 600;

/**
 * 6 of the longest pauses, 30 minutes by default: how long the server retries a step on its task queue before the saga
 * schedules it again. Each time costs six events, so a day of waiting costs 288.
 */
export const PAUSES_OF_A_WINDOW = 6;

/** 1 s: a step that is requested close to its deadline still gets one real attempt. */
export const SHORTEST_ATTEMPT_MS = 1_000;

/** 60 s: longer than a failover or a restart of a database, so that a failure that recovers by itself raises no alert. */
export const PARK_AFTER_MS = 60_000;

/**
 * 200 events: a run with more of them continues as new before its next retry. What may happen until then (fifty subjects
 * that get their answers one by one) keeps it below 500 events, which replay in milliseconds.
 */
export const CONTINUE_AFTER_EVENTS = 200;
