/** The limits of a timeline, each with its reason. */

/** 10 runs of a saga, the newest ones: one that waits for days continues as new every few hours. */
export const RUNS_MAX = 10;

/** 1,000 events of a run: twice what a run may have before it continues as new. */
export const EVENTS_OF_A_RUN_MAX = 1_000;

/** 100 events of an order at each service: its saga causes at most four, each once. */
export const DOMAIN_EVENTS_MAX = 100;

/** 50 decisions of operators, the newest ones. */
export const DECISIONS_MAX = 50;

/** 3 s for Temporal: a page of a history takes it milliseconds, and an operator waits for the rest. */
export const TEMPORAL_WITHIN_MS = 3_000;

/** 2 s for the events of the customer service: one statement there. */
export const CUSTOMER_SERVICE_WITHIN_MS = 2_000;

/** 10 timelines at once: each may hold 20 runs of a few hundred events in memory. */
export const TIMELINES_AT_ONCE = 10;
