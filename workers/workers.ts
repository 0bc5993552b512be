/** The workers of the services that a process runs. */
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection, Worker } from '@temporalio/worker';
import { CUSTOMER_TASK_QUEUE } from '../domain/names';
import type { WorkerDeployment } from '../platform/config';
import { createCustomerActivities, type CustomerActivitiesOptions } from '../activities/customer';
import { createOrderActivities, type OrderActivitiesOptions } from '../activities/order';
import type { ResourceUsage } from '../platform/metrics';
import type { RequestedSteps } from '../saga/host/requested-steps';
import type { SagaProgress } from '../saga/host/saga-ends';
import { buildIdOf, type WorkflowVersion } from './build-id';
import { encodedFailuresBundle } from './bundle-path';
import { CUSTOMER_STEP_SLOTS, createCustomerWorker } from './customer-worker';
import { checkSagaRouting } from './saga-routing';
import { createOrderWorker, ORDER_WORKER_LIMITS, type SharesSteps } from './order-worker';

export interface WorkersOptions {
  /** The connection of the client that starts the sagas: eager starts need the same one. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Path of the built workflow bundle; the one that encodes failures is beside it. */
  readonly bundlePath: string;
  /** Includes the payload codecs and the failure converter that goes with them, if any. */
  readonly dataConverter?: DataConverter | undefined;
  /** Set when the workers of the sagas are versioned. */
  readonly deployment?: WorkerDeployment | undefined;
  /** Set when this process runs the order service. */
  readonly order?: OrderActivitiesOptions | undefined;
  /** Set when this process runs the customer service. */
  readonly customer?: CustomerActivitiesOptions | undefined;
  /** Runs the steps of sagas that this process starts alone. */
  readonly fastPath?: SharesSteps | undefined;
  /** Runs the credit steps that an order service in another process requests directly. */
  readonly requestedSteps?: RequestedSteps | undefined;
  /** Called when a saga of this process ends or waits, with its workflow id. */
  readonly onSagaProgress?: (sagaId: string, progress: SagaProgress) => void;
}

export interface RunningWorkers {
  /** Undefined when this process runs no sagas. */
  readonly version: WorkflowVersion | undefined;
  /** Rejects when a worker fails. */
  readonly failed: Promise<never>;
  /** @throws Error with the state of a worker that is not running */
  check(): Promise<void>;
  /** @throws Unready when sagas that start now wait for a worker that does not exist */
  checkRouting(): Promise<void>;
  slots(): readonly ResourceUsage[];
  /** Waits for the steps in progress. */
  stop(): Promise<void>;
}

/**
 * With both services in this process, the first attempts of the steps are local. The process still polls the customer
 * service's queue: for steps that the server retries, and for sagas that were started distributed.
 */
export async function startWorkers(options: WorkersOptions): Promise<RunningWorkers> {
  const { connection, namespace, dataConverter, bundlePath, deployment, order, customer } = options;
  const buildId = order && buildIdOf(bundlePath);
  const creditSteps = customer && createCustomerActivities(customer);
  const workers = await Promise.all([
    ...(creditSteps
      ? [
          createCustomerWorker({
            connection,
            namespace,
            dataConverter,
            steps: creditSteps,
            requestedSteps: options.requestedSteps,
          }),
        ]
      : []),
    ...(order
      ? [
          createOrderWorker({
            connection,
            namespace,
            dataConverter,
            bundlePath:
              dataConverter?.failureConverterPath === undefined
                ? bundlePath
                : encodedFailuresBundle(bundlePath),
            deployment: deployment && buildId !== undefined ? { ...deployment, buildId } : undefined,
            orderSteps: createOrderActivities(order),
            creditSteps,
            fastPath: options.fastPath,
            onSagaProgress: options.onSagaProgress,
          }),
        ]
      : []),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const version =
    buildId === undefined ? undefined : { buildId, ...(deployment && { deployment: deployment.name }) };
  return {
    version,
    checkRouting: async () => {
      if (version) await checkSagaRouting(connection, namespace, version);
    },
    failed: running.then(() => new Promise<never>(() => undefined)),
    check: () => {
      const idle = workers.find((worker) => worker.getState() !== 'RUNNING');
      return idle
        ? Promise.reject(
            new Error(`the worker of task queue ${idle.options.taskQueue} is ${idle.getState()}`),
          )
        : Promise.resolve();
    },
    slots: () => workers.flatMap((worker) => slotsOf(worker)),
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
    },
  };
}

function slotsOf(worker: Worker): ResourceUsage[] {
  const {
    numInFlightWorkflowActivations,
    numInFlightLocalActivities,
    numInFlightNonLocalActivities,
    numCachedWorkflows,
  } = worker.getStatus();
  if (worker.options.taskQueue === CUSTOMER_TASK_QUEUE)
    return [{ kind: 'customer step', inUse: numInFlightNonLocalActivities, limit: CUSTOMER_STEP_SLOTS }];
  const { workflowTasks, localActivities, steps, cachedSagas } = ORDER_WORKER_LIMITS;
  return [
    { kind: 'order step', inUse: numInFlightNonLocalActivities, limit: steps },
    { kind: 'workflow task', inUse: numInFlightWorkflowActivations, limit: workflowTasks },
    { kind: 'local activity', inUse: numInFlightLocalActivities, limit: localActivities },
    { kind: 'cached saga', inUse: numCachedWorkflows, limit: cachedSagas },
  ];
}
