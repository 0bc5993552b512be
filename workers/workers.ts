/** The workers of the services that a process runs. */
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection, Worker } from '@temporalio/worker';
import { CUSTOMER_TASK_QUEUE } from '../domain/names';
import type { WorkerDeployment } from '../platform/config';
import { createCustomerActivities, type CustomerActivitiesOptions } from '../activities/customer';
import { createOrderActivities, type OrderActivitiesOptions } from '../activities/order';
import type { Fullness } from '../platform/metrics';
import type { SagaProgress } from '../saga/host/saga-ends';
import { buildIdOf } from './build-id';
import { CUSTOMER_STEP_SLOTS, createCustomerWorker } from './customer-worker';
import { createOrderWorker, ORDER_WORKER_LIMITS } from './order-worker';

export interface WorkersOptions {
  /** Shared with the client that starts the sagas: eager starts need it. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Path of the built workflow bundle. */
  readonly bundlePath: string;
  /** With the payload codecs, where there are some. */
  readonly dataConverter?: DataConverter | undefined;
  /** Present where the sagas' workers are versioned. */
  readonly deployment?: WorkerDeployment | undefined;
  /** Present where this process runs the order service. */
  readonly order?: OrderActivitiesOptions | undefined;
  /** Present where this process runs the customer service. */
  readonly customer?: CustomerActivitiesOptions | undefined;
  /** Told in this process when a saga that it runs has ended, by its workflow id. */
  readonly onSagaProgress?: (sagaId: string, progress: SagaProgress) => void;
}

/** Of the workflow code that a process runs. */
export interface WorkflowVersion {
  readonly buildId: string;
  /** Name of the deployment, when the workers are versioned. */
  readonly deployment?: string;
}

export interface RunningWorkers {
  /** Undefined where no sagas are run. */
  readonly version: WorkflowVersion | undefined;
  /** Rejects when a worker dies by itself. */
  readonly failed: Promise<never>;
  /** @throws Error naming the state of a worker that does not run */
  check(): Promise<void>;
  slots(): readonly Fullness[];
  /** Lets the steps under way finish. */
  stop(): Promise<void>;
}

/**
 * With both services the first attempts of the sagas' steps are local. The customer service's queue is polled all the same:
 * it has the steps that the server retries, and those of sagas that were started while it was a process of its own.
 */
export async function startWorkers(options: WorkersOptions): Promise<RunningWorkers> {
  const { connection, namespace, dataConverter, bundlePath, deployment, order, customer } = options;
  const buildId = order && buildIdOf(bundlePath);
  const creditSteps = customer && createCustomerActivities(customer);
  const workers = await Promise.all([
    ...(creditSteps
      ? [createCustomerWorker({ connection, namespace, dataConverter, steps: creditSteps })]
      : []),
    ...(order
      ? [
          createOrderWorker({
            connection,
            namespace,
            dataConverter,
            bundlePath,
            deployment: deployment && buildId !== undefined ? { ...deployment, buildId } : undefined,
            orderSteps: createOrderActivities(order),
            creditSteps,
            onSagaProgress: options.onSagaProgress,
          }),
        ]
      : []),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    version:
      buildId === undefined ? undefined : { buildId, ...(deployment && { deployment: deployment.name }) },
    failed: running.then(() => new Promise<never>(() => undefined)),
    check: () => {
      const idle = workers.find((worker) => worker.getState() !== 'RUNNING');
      return idle ? Promise.reject(new Error(`a worker is ${idle.getState()}`)) : Promise.resolve();
    },
    slots: () => workers.flatMap((worker) => slotsOf(worker)),
    stop: async () => {
      for (const worker of workers) stopPolling(worker);
      await running;
    },
  };
}

function slotsOf(worker: Worker): Fullness[] {
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

function stopPolling(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}
