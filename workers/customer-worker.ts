/** The customer service's worker: runs the credit steps of its queue, from sagas of other processes or retried by the server. */
import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { CreditSteps } from '../domain/contracts';
import { CUSTOMER_TASK_QUEUE } from '../domain/names';
import { DRAIN_MS } from './drain';
import { HEARTBEATS_AT_LEAST_APART_MS, retriedByServer, stepHeartbeat } from '../saga/host/step-interceptors';

/** 10 steps at once, as many as the pool has connections: more would only wait for one. */
export const CUSTOMER_STEP_SLOTS = 10;

/**
 * 2: a process that stops without a word (SIGSTOP, a machine that hangs) takes one more step with each poll that it left
 * waiting, and each is lost for a while. Under load a step carries a group, so two fetch enough.
 */
const POLLS = 2;

export interface CustomerWorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** With the payload codecs, where there are some. */
  readonly dataConverter?: DataConverter | undefined;
  readonly steps: CreditSteps;
}

export function createCustomerWorker({
  connection,
  namespace,
  dataConverter,
  steps,
}: CustomerWorkerOptions): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: CUSTOMER_TASK_QUEUE,
    ...(dataConverter && { dataConverter }),
    activities: steps,
    interceptors: { activity: [stepHeartbeat, retriedByServer] },
    maxHeartbeatThrottleInterval: HEARTBEATS_AT_LEAST_APART_MS,
    maxConcurrentActivityTaskExecutions: CUSTOMER_STEP_SLOTS,
    maxConcurrentActivityTaskPolls: POLLS,
    shutdownGraceTime: DRAIN_MS,
  });
}
