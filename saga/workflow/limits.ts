/** Every timeout and retry number of the engine's workflows, each with its reason. */

/**
 * 1 s for an attempt in the saga's own process. It holds one of the worker's workflow task slots meanwhile, and a
 * database that hangs must not take all of them. A step takes a few milliseconds; one that takes longer runs twice,
 * which its rows make harmless.
 */
export const LOCAL_ATTEMPT_MS = 1_000;

/**
 * 3 attempts in the saga's own process: enough for a connection that is replaced and a short transaction. After that the
 * step goes to its task queue, where the server retries it: no workflow task, no history event for an attempt.
 */
export const LOCAL_ATTEMPTS = 3;

/** 50 ms: a lost connection is usually replaced, and a short transaction over, by then. */
export const FIRST_PAUSE_MS = 50;

/** Doubled each time: after an outage a saga never waits longer than the outage itself took. */
export const PAUSE_GROWTH = 2;

/** 5 minutes: a saga that waits for a week costs a few hundred events a day, and an operator can retry it at once. */
export const LONGEST_PAUSE_MS = 300_000;

/**
 * 1 s between attempts of a step with a deadline, or a 300th of the time that it has, if that is longer: with up to 5 minutes a
 * backlog is worked off as soon as its service is back, with a day an attempt comes about every 5 minutes.
 */
export const LONGEST_PAUSE_BEFORE_DEADLINE_MS = 1_000;
export const ATTEMPTS_BEFORE_DEADLINE = 300;

/**
 * 2 s: a step whose process is alive, but whose connection to its database is dead, goes to another process after this.
 */
export const REMOTE_ATTEMPT_MS = 2_000;

/**
 * 600 ms: a step whose process is silent for so long (it was killed, or stopped polling while the step was on its way)
 * goes to another process, so that its sagas are delayed by less than a second.
 */
export const REMOTE_SILENCE_MS = 600;

/**
 * 6 of the longest pauses, which is 30 minutes: how long the server retries a step on its task queue before the saga
 * asks anew. Six events each time, so a day of waiting costs 288.
 */
export const PAUSES_OF_A_WINDOW = 6;

/** At least one real attempt, however late the step's turn comes. */
export const SHORTEST_ATTEMPT_MS = 1_000;

/** 60 s: longer than a failover or a restart of a database, so that nobody is alerted to what recovers by itself. */
export const PARK_AFTER_MS = 60_000;

/**
 * 200 events: a run continues as new at the next event after this. What can come before that event (fifty subjects
 * that get answers one by one) stays below 500 events, which replay in milliseconds.
 */
export const CONTINUE_AFTER_EVENTS = 200;
