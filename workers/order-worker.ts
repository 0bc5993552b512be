/** The order service's worker: runs the sagas, their steps as local activities, and the order steps that the server retries. */
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import { type InjectedSinks, type NativeConnection, Worker } from '@temporalio/worker';
import type { CreditSteps, OrderSteps } from '../domain/contracts';
import { ORDER_TASK_QUEUE } from '../domain/names';
import type { WorkerDeployment } from '../platform/config';
import { STEP_RUNS_ELSEWHERE } from '../saga/contract';
import type { SagaProgress } from '../saga/host/saga-ends';
import { HEARTBEATS_AT_LEAST_APART_MS, retriedByServer, stepHeartbeat } from '../saga/host/step-interceptors';
import type { SagaSinks } from '../saga/workflow';
import { DRAIN_MS } from './drain';

export const ORDER_WORKER_LIMITS = {
  /**
   * 40 at once: as many as a process can finish within the time of one (2 s), when each has to be
   * replayed first (up to 50 ms). A worker that takes more when it is slow finishes none of them in time, they are given out again,
   * and it never gets out of that, though the machine be idle again (ADR 19). An eager start that finds no room becomes an
   * ordinary one, which waits its turn at the server.
   */
  workflowTasks: 40,
  /** More than its tasks ask for: a group asks for few steps at a time. */
  localActivities: 200,
  /** Steps that the server retries: as many as the pool has connections, more would only wait for one. */
  steps: 10,
  /** Sagas kept in memory between their tasks; a saga that waits longer is replayed from its history. */
  cachedSagas: 1_000,
} as const;

/**
 * 1 s: how long a saga's next task waits for the worker that has it in memory, before another takes it. A
 * worker that lives takes it in milliseconds.
 */
const OWN_WORKER_WITHIN_MS = 1_000;

/** 2: steps come to the queue only when they have failed three times, or their rows are locked for long. */
const STEP_POLLS = 2;

export interface OrderWorkerOptions {
  /** Shared with the client that starts the sagas: eager starts need it. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Path of the built workflow bundle. */
  readonly bundlePath: string;
  /** With the payload codecs, where there are some. */
  readonly dataConverter?: DataConverter | undefined;
  /** Present where the worker is versioned. */
  readonly deployment?: (WorkerDeployment & { readonly buildId: string }) | undefined;
  readonly orderSteps: OrderSteps;
  /** Present when colocated. */
  readonly creditSteps: CreditSteps | undefined;
  /** Called in this process when a saga that it runs has ended, or waits; with its workflow id. */
  readonly onSagaProgress?: ((sagaId: string, progress: SagaProgress) => void) | undefined;
}

/** For sagas that were started colocated, and are continued by a process that is not. */
const elsewhere: CreditSteps = { reserveCredit: runsElsewhere, releaseCredit: runsElsewhere };

export function createOrderWorker(options: OrderWorkerOptions): Promise<Worker> {
  const sinks: InjectedSinks<SagaSinks> = {
    saga: {
      ended: {
        fn: ({ workflowId }) => options.onSagaProgress?.(workflowId, 'ended'),
        callDuringReplay: false,
      },
      waits: {
        fn: ({ workflowId }) => options.onSagaProgress?.(workflowId, 'waits'),
        callDuringReplay: false,
      },
    },
  };
  return Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: ORDER_TASK_QUEUE,
    ...(options.dataConverter && { dataConverter: options.dataConverter }),
    workflowBundle: { codePath: options.bundlePath },
    ...(options.deployment && { workerDeploymentOptions: versioned(options.deployment) }),
    activities: { ...options.orderSteps, ...(options.creditSteps ?? elsewhere) },
    sinks,
    interceptors: { activity: [stepHeartbeat, retriedByServer] },
    maxHeartbeatThrottleInterval: HEARTBEATS_AT_LEAST_APART_MS,
    maxConcurrentActivityTaskExecutions: ORDER_WORKER_LIMITS.steps,
    maxConcurrentActivityTaskPolls: STEP_POLLS,
    maxConcurrentWorkflowTaskExecutions: ORDER_WORKER_LIMITS.workflowTasks,
    maxConcurrentLocalActivityExecutions: ORDER_WORKER_LIMITS.localActivities,
    maxCachedWorkflows: ORDER_WORKER_LIMITS.cachedSagas,
    stickyQueueScheduleToStartTimeout: OWN_WORKER_WITHIN_MS,
    shutdownGraceTime: DRAIN_MS,
  });
}

function versioned({ name, buildId, versioning }: WorkerDeployment & { readonly buildId: string }) {
  return {
    version: { deploymentName: name, buildId },
    useWorkerVersioning: true as const,
    defaultVersioningBehavior: versioning === 'pinned' ? ('PINNED' as const) : ('AUTO_UPGRADE' as const),
  };
}

function runsElsewhere(): Promise<never> {
  const message = 'this process has no customer database; the customer service runs this step';
  return Promise.reject(ApplicationFailure.create({ type: STEP_RUNS_ELSEWHERE, message }));
}
