/** The customer service's worker: runs the credit steps of its queue: those of other processes, and those that the server retries. */
import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { CreditSteps } from '../domain/contracts';
import { CUSTOMER_TASK_QUEUE } from '../domain/names';
import { DRAIN_MS } from './drain';
import type { RequestedSteps } from '../saga/host/requested-steps';
import { HEARTBEATS_AT_LEAST_APART_MS, retriedByServer, stepHeartbeat } from '../saga/host/step-interceptors';

/** 10 concurrent steps, as many as the pool has connections: more would only wait for a connection. */
export const CUSTOMER_STEP_SLOTS = 10;

/**
 * 2: a process that freezes (SIGSTOP, a machine that hangs) receives one more step for each poll that is open, and that
 * step is lost until its timeout. Under load a step carries a group, so two polls fetch enough.
 */
const POLLS = 2;

export interface CustomerWorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Includes the payload codecs, if any. */
  readonly dataConverter?: DataConverter | undefined;
  readonly steps: CreditSteps;
  /** Runs the steps that the order service requests directly. */
  readonly requestedSteps?: RequestedSteps | undefined;
}

export function createCustomerWorker({
  connection,
  namespace,
  dataConverter,
  steps,
  requestedSteps,
}: CustomerWorkerOptions): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: CUSTOMER_TASK_QUEUE,
    ...(dataConverter && { dataConverter }),
    activities: steps,
    interceptors: {
      activity: [
        stepHeartbeat,
        retriedByServer,
        ...(requestedSteps ? [requestedSteps.shareAnswers(steps)] : []),
      ],
    },
    maxHeartbeatThrottleInterval: HEARTBEATS_AT_LEAST_APART_MS,
    maxConcurrentActivityTaskExecutions: CUSTOMER_STEP_SLOTS,
    maxConcurrentActivityTaskPolls: POLLS,
    shutdownGraceTime: DRAIN_MS,
  });
}
