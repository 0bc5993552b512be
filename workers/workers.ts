/** The workers of the services that a process runs. */
import type { NativeConnection, Worker } from '@temporalio/worker';
import { createCustomerActivities, type CustomerActivitiesOptions } from '../activities/customer';
import { createOrderActivities, type OrderActivitiesOptions } from '../activities/order';
import { createCustomerWorker } from './customer-worker';
import { createOrderWorker } from './order-worker';

export interface WorkersOptions {
  /** Shared with the client that starts the sagas: eager starts need it. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Path of the built workflow bundle. */
  readonly bundlePath: string;
  /** Present where this process runs the order service. */
  readonly order?: OrderActivitiesOptions | undefined;
  /** Present where this process runs the customer service. */
  readonly customer?: CustomerActivitiesOptions | undefined;
  /** Told in this process when a saga that it runs has ended, by its workflow id. */
  readonly onSagaEnded?: (sagaId: string) => void;
}

export interface RunningWorkers {
  /** Rejects when a worker dies by itself. */
  readonly failed: Promise<never>;
  /** @throws Error naming the state of a worker that does not run */
  check(): Promise<void>;
  /** Lets the steps under way finish. */
  stop(): Promise<void>;
}

/**
 * With both services the sagas' steps are all local. The customer service's queue is polled all the same:
 * there are the steps of sagas that were started while it was a process of its own.
 */
export async function startWorkers(options: WorkersOptions): Promise<RunningWorkers> {
  const { connection, namespace, bundlePath, order, customer } = options;
  const creditSteps = customer && createCustomerActivities(customer);
  const workers = await Promise.all([
    ...(creditSteps ? [createCustomerWorker({ connection, namespace, steps: creditSteps })] : []),
    ...(order
      ? [
          createOrderWorker({
            connection,
            namespace,
            bundlePath,
            orderSteps: createOrderActivities(order),
            creditSteps,
            onSagaEnded: options.onSagaEnded,
          }),
        ]
      : []),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    failed: running.then(() => new Promise<never>(() => undefined)),
    check: () => {
      const idle = workers.find((worker) => worker.getState() !== 'RUNNING');
      return idle ? Promise.reject(new Error(`a worker is ${idle.getState()}`)) : Promise.resolve();
    },
    stop: async () => {
      for (const worker of workers) stopPolling(worker);
      await running;
    },
  };
}

function stopPolling(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}
