/** The environment in which the laws run a saga: workers with tampered steps, and a client. */
import { Client } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type InjectedSinks,
  NativeConnection,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { FastPath } from '../host/fast-path';
import { retriedByServer, HEARTBEATS_AT_LEAST_APART_MS, stepHeartbeat } from '../host/step-interceptors';
import type { SagaSinks } from '../workflow';
import type { AnySaga } from './saga-under-test';
import { TamperedSteps } from './tampering';

/** Running workers and a client. */
export interface Stage<Subject, Settings> {
  readonly client: Client;
  readonly workflowBundle: WorkflowBundleOption;
  readonly steps: TamperedSteps;
  readonly fastPath: FastPath<Subject, Settings> | undefined;
  stop(): Promise<void>;
}

const unheard: InjectedSinks<SagaSinks> = {
  saga: {
    ended: { fn: () => undefined, callDuringReplay: false },
    waits: { fn: () => undefined, callDuringReplay: false },
  },
};

export async function startStage<Subject, Settings>(
  saga: AnySaga<Subject, Settings>,
): Promise<Stage<Subject, Settings>> {
  const { address, namespace } = saga.temporal();
  const steps = new TamperedSteps(saga.activities());
  const { run, settings } = saga;
  const fastPath = run && new FastPath({ run, settings });
  const [connection, workflowBundle] = await Promise.all([
    NativeConnection.connect({ address }),
    bundleOf(saga),
  ]);
  const ofAnyQueue = {
    connection,
    namespace,
    activities: steps.activities,
    interceptors: {
      activity: [
        ...(fastPath ? [fastPath.shareSteps(steps.activities)] : []),
        stepHeartbeat,
        retriedByServer,
      ],
    },
    maxHeartbeatThrottleInterval: HEARTBEATS_AT_LEAST_APART_MS,
  };
  const [own, ...others] = saga.taskQueues;
  const workers = await Promise.all([
    Worker.create({ ...ofAnyQueue, taskQueue: own, workflowBundle, sinks: unheard }),
    ...others.map((taskQueue) => Worker.create({ ...ofAnyQueue, taskQueue })),
  ]);
  const running = workers.map((worker) => worker.run());
  return {
    client: new Client({ connection, namespace }),
    workflowBundle,
    steps,
    fastPath,
    stop: async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await connection.close();
    },
  };
}

async function bundleOf<Subject, Settings>(saga: AnySaga<Subject, Settings>): Promise<WorkflowBundleOption> {
  const workflows = saga.workflows();
  if ('bundlePath' in workflows) return { codePath: workflows.bundlePath };
  const { code } = await bundleWorkflowCode({ ...workflows, logger: new DefaultLogger('WARN') });
  return { code };
}
