/** How a saga is started, whoever starts it: the API, a repair, or another saga. */
import type { SagaFlags } from './contracts';

/**
 * 2 s: when a worker dies in the middle of a workflow task, another takes over after this. Chosen by `npm run faults`, so
 * that orders whose worker is killed are done within 5 s (p99): with 3 s it was 4.9 to 5.6 s, with 5 s 6.8 s. A task takes milliseconds;
 * steps that take longer keep it by heartbeats, three events each.
 */
export const WORKFLOW_TASK_TIMEOUT_MS = 2_000;

/** Of every saga that is started from now on. */
export const SAGA_FLAGS = { resultsOneByOne: true, limitsByTimer: true } as const satisfies SagaFlags;

/** Title of a `cancelOrderSaga` in the Temporal UI. */
export const CANCELLATION_SUMMARY = 'Cancellation of an approved order';
