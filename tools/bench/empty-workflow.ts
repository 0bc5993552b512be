/** Workflows that do nothing: what the engine itself costs. */
import { proxyActivities } from '@temporalio/workflow';

export function emptyWorkflow(): Promise<void> {
  return Promise.resolve();
}

/** Does nothing as well, but through one activity on another task queue. */
export async function remoteStepWorkflow(): Promise<void> {
  const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
    taskQueue: 'remote',
    startToCloseTimeout: '10 s',
  });
  await nothing();
}
