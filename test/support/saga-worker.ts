/** A worker that runs a saga of the tests and its steps, on one task queue. */
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, type InjectedSinks, Worker } from '@temporalio/worker';
import { createLogger } from '../../platform/logger';
import { connectTemporal, installTemporalRuntime } from '../../platform/temporal';
import { retriedByServer, stepHeartbeat } from '../../saga/host/step-interceptors';
import type { SagaProgress } from '../../saga/host/saga-ends';
import type { SagaSinks } from '../../saga/workflow';
import { testServers } from './servers';

export interface SagaWorker {
  readonly client: Client;
  readonly workflowBundle: { readonly code: string };
  /** What a saga has reported to the process that runs it. */
  progressOf(sagaId: string): readonly SagaProgress[];
  stop(): Promise<void>;
}

/** @param workflowsPath the module that exports the saga */
export async function startSagaWorker(
  workflowsPath: string,
  taskQueue: string,
  activities: object,
): Promise<SagaWorker> {
  const { temporal } = testServers();
  installTemporalRuntime(createLogger('silent'));
  const link = await connectTemporal(temporal);
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  const reported: { readonly sagaId: string; readonly progress: SagaProgress }[] = [];
  const sinks: InjectedSinks<SagaSinks> = {
    saga: {
      ended: { fn: ({ workflowId: sagaId }) => void reported.push({ sagaId, progress: { kind: 'ended' } }) },
      waits: {
        fn: ({ workflowId: sagaId }, subjectIds) =>
          void reported.push({ sagaId, progress: { kind: 'waits', subjectIds } }),
      },
    },
  };
  const worker = await Worker.create({
    connection: link.connection,
    namespace: temporal.namespace,
    taskQueue,
    workflowBundle,
    activities,
    interceptors: { activity: [stepHeartbeat, retriedByServer] },
    sinks,
  });
  const running = worker.run();
  return {
    client: link.client,
    workflowBundle,
    progressOf: (sagaId) =>
      reported.filter((report) => report.sagaId === sagaId).map(({ progress }) => progress),
    stop: async () => {
      worker.shutdown();
      await running;
      await link.connection.close();
    },
  };
}
