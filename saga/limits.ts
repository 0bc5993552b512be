/** Limits that the processes which start sagas and those which run them agree on. */

/**
 * 2 s: when a worker dies in the middle of a workflow task, another one takes the task after this. `npm run faults` chose
 * it: orders whose worker is killed are to be done within 5 s (p99); with 3 s it was 4.9 to 5.6 s, with 5 s 6.8 s. A task
 * takes milliseconds; one whose local steps take 1.6 s is kept by a heartbeat, three events each.
 */
export const WORKFLOW_TASK_TIMEOUT_MS = 2_000;
