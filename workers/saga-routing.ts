/** Whether Temporal gives sagas to a worker that runs. With Worker Versioning it may give them to a version without workers. */
import { tsToMs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import { ORDER_TASK_QUEUE } from '../domain/names';
import type { Logger } from '../platform/logger';
import { Unready } from '../platform/unready';
import { withTimeout } from '../saga/host/with-timeout';
import type { WorkflowVersion } from './build-id';

const { TASK_QUEUE_TYPE_WORKFLOW } = temporal.api.enums.v1.TaskQueueType;
const { WORKER_VERSIONING_MODE_VERSIONED } = temporal.api.enums.v1.WorkerVersioningMode;

/** 2 s: an available server answers in milliseconds. */
const DESCRIBED_WITHIN_MS = 2_000;

/**
 * 90 s: a worker polls anew at least once a minute, and the server lists it for five. Measured from the newest poll of any
 * worker, because only the server's clock counts.
 */
const RUNS_WITHIN_MS = 90_000;

export type TaskQueueDescription = Pick<
  temporal.api.workflowservice.v1.IDescribeTaskQueueResponse,
  'versioningInfo' | 'pollers'
>;

type Version = temporal.api.deployment.v1.IWorkerDeploymentVersion;

/**
 * @param own version of this process
 * @throws Unready with one line for an operator, when sagas that start now wait for a worker that does not exist
 */
export async function checkSagaRouting(
  { workflowService }: NativeConnection,
  namespace: string,
  own: WorkflowVersion,
): Promise<void> {
  const description = workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: ORDER_TASK_QUEUE },
    taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
  });
  const queue = await withTimeout(description, DESCRIBED_WITHIN_MS, 'description of the task queue');
  const problem = whyNoSagaRuns(queue, namespace, own);
  if (problem !== undefined) throw new Unready(problem);
}

/** Logs why no worker gets the sagas. */
export async function warnOfRouting(check: Promise<void>, logger: Logger): Promise<void> {
  await check.catch((error: unknown) => {
    if (error instanceof Unready) logger.warn(error.message);
  });
}

/** @returns undefined when a worker runs that gets the sagas, be it this process's or another one */
export function whyNoSagaRuns(
  { versioningInfo, pollers }: TaskQueueDescription,
  namespace: string,
  own: WorkflowVersion,
): string | undefined {
  const current = versioningInfo?.currentDeploymentVersion ?? undefined;
  const ownVersion = own.deployment === undefined ? undefined : { ...own, deploymentName: own.deployment };
  const ramping = versioningInfo?.rampingDeploymentVersion ?? undefined;
  if (isSame(current, ownVersion) || (ramping && isSame(ramping, ownVersion))) return undefined;
  if (runningVersions(pollers ?? []).some((version) => isSame(version, current))) return undefined;
  const { deploymentName = '', buildId = '' } = current ?? {};
  return current
    ? `no saga makes progress: version ${String(buildId)} of worker deployment ${String(deploymentName)} is current, and ` +
        `none of its workers runs; start them, or ${makeCurrent(namespace, own, String(deploymentName))}`
    : `no saga makes progress: no version of worker deployment ${String(own.deployment)} is current; ` +
        makeCurrent(namespace, own, '');
}

/** Undefined stands for a worker that is not versioned. */
function runningVersions(pollers: readonly temporal.api.taskqueue.v1.IPollerInfo[]): (Version | undefined)[] {
  const lastPolls = pollers.map(({ lastAccessTime }) => tsToMs(lastAccessTime));
  const newest = Math.max(...lastPolls);
  return pollers
    .filter((_poller, index) => newest - (lastPolls[index] ?? 0) < RUNS_WITHIN_MS)
    .map(({ deploymentOptions: version }) =>
      version?.workerVersioningMode === WORKER_VERSIONING_MODE_VERSIONED ? version : undefined,
    );
}

function makeCurrent(
  namespace: string,
  { deployment, buildId }: WorkflowVersion,
  currentDeployment: string,
): string {
  const version =
    deployment === undefined
      ? `--deployment-name ${currentDeployment} --unversioned`
      : `--deployment-name ${deployment} --build-id ${buildId}`;
  return `make this process's version current: temporal worker deployment set-current-version --namespace ${namespace} ${version}`;
}

function isSame(one: Version | undefined, other: Version | undefined): boolean {
  return one?.deploymentName === other?.deploymentName && one?.buildId === other?.buildId;
}
