import { expect, test } from '@jest/globals';
import { temporal } from '@temporalio/proto';
import { type TaskQueueDescription, whyNoSagaRuns } from '../../workers/saga-routing';

const { WORKER_VERSIONING_MODE_VERSIONED: VERSIONED, WORKER_VERSIONING_MODE_UNVERSIONED: UNVERSIONED } =
  temporal.api.enums.v1.WorkerVersioningMode;

const OWN = { deployment: 'shop', buildId: 'new' };
const NOT_VERSIONED = { buildId: 'new' };

/** A version of the deployment `shop`. */
const version = (buildId: string) => ({ deploymentName: 'shop', buildId });

/** A worker that polled this many seconds before the newest poll; without a build id it is not versioned. */
function worker(buildId: string | undefined, secondsAgo = 0) {
  const lastAccessTime = temporal.api.taskqueue.v1.PollerInfo.fromObject({
    lastAccessTime: { seconds: 1_790_000_000 - secondsAgo },
  }).lastAccessTime;
  const deploymentOptions =
    buildId === undefined
      ? { ...version('new'), workerVersioningMode: UNVERSIONED }
      : { ...version(buildId), workerVersioningMode: VERSIONED };
  return { lastAccessTime: lastAccessTime ?? null, deploymentOptions };
}

function queue(
  current: string | undefined,
  pollers: readonly ReturnType<typeof worker>[],
  ramping?: string,
): TaskQueueDescription {
  const versioningInfo = {
    currentDeploymentVersion: current === undefined ? null : version(current),
    rampingDeploymentVersion: ramping === undefined ? null : version(ramping),
  };
  return { versioningInfo, pollers: [...pollers] };
}

test.each([
  ['its own version is current', queue('new', [worker('new')]), OWN],
  ['its own version gets a share', queue(undefined, [worker('new')], 'new'), OWN],
  ['the current version has a worker', queue('old', [worker('old', 60), worker('new')]), OWN],
  [
    'none is current, and an unversioned worker runs',
    queue(undefined, [worker('new'), worker(undefined)]),
    OWN,
  ],
  ['it is not versioned, and none is current', queue(undefined, []), NOT_VERSIONED],
  ['it is not versioned, and the current version has a worker', queue('old', [worker('old')]), NOT_VERSIONED],
])('sagas run: %s', (_case, description, own) => {
  expect(whyNoSagaRuns(description, 'default', own)).toBeUndefined();
});

const COMMAND = 'temporal worker deployment set-current-version --namespace default --deployment-name shop';

test.each([
  [
    'none is current',
    queue(undefined, [worker('new')]),
    OWN,
    /^no saga makes progress: no version of worker deployment shop is current; /,
    `${COMMAND} --build-id new`,
  ],
  [
    'the worker of the current version has stopped',
    queue('old', [worker('old', 91), worker('new')]),
    OWN,
    /^no saga makes progress: version old of worker deployment shop is current, and none of its workers runs; start them, or /,
    `${COMMAND} --build-id new`,
  ],
  [
    'it is not versioned, and the current version has no worker',
    queue('old', [worker(undefined)]),
    NOT_VERSIONED,
    /^no saga makes progress: version old of worker deployment shop is current, and none of its workers runs; start them, or /,
    `${COMMAND} --unversioned`,
  ],
])('no saga runs: %s', (_case, description, own, why, command) => {
  const problem = whyNoSagaRuns(description, 'default', own);
  expect(problem).toMatch(why);
  expect(problem?.endsWith(`make this process's version current: ${command}`)).toBe(true);
});
