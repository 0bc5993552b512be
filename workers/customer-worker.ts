/** The customer service's worker: runs the credit steps of sagas whose order service is another process. */
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { CreditSteps } from '../domain/contracts';
import { CUSTOMER_TASK_QUEUE } from '../domain/names';
import { DRAIN_MS } from './drain';

/** 10 steps at once, as many as the pool has connections: more would only wait for one. */
const STEP_SLOTS = 10;

export interface CustomerWorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly steps: CreditSteps;
}

export function createCustomerWorker({
  connection,
  namespace,
  steps,
}: CustomerWorkerOptions): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: CUSTOMER_TASK_QUEUE,
    activities: steps,
    maxConcurrentActivityTaskExecutions: STEP_SLOTS,
    shutdownGraceTime: DRAIN_MS,
  });
}
