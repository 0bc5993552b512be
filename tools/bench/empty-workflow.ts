/** Workflows without work: they measure Temporal's own cost. */
import { proxyActivities } from '@temporalio/workflow';

export function emptyWorkflow(): Promise<void> {
  return Promise.resolve();
}

/** Runs one empty activity on another task queue. */
export async function remoteStepWorkflow(): Promise<void> {
  const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
    taskQueue: 'remote',
    startToCloseTimeout: '10 s',
  });
  await nothing();
}
