/** Limits shared by the processes that start sagas and the workers that run them. */

/**
 * 2 s: when a worker dies during a workflow task, another worker gets the task after this time. Measured with
 * `npm run faults`: subjects whose worker is killed should end within 5 s (p99); 3 s gave 4.9 to 5.6 s, 5 s gave 6.8 s.
 * A task takes milliseconds. A worker keeps a task whose local steps take longer than 1.6 s with heartbeats of three
 * events each.
 */
export const WORKFLOW_TASK_TIMEOUT_MS = 2_000;
