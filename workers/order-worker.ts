/** The order service's worker: runs the sagas, their local activities, and the order steps that the server retries. */
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import { type InjectedSinks, type NativeConnection, Worker } from '@temporalio/worker';
import type { CreditSteps, OrderSteps } from '../domain/contracts';
import { ORDER_TASK_QUEUE } from '../domain/names';
import type { WorkerDeployment } from '../platform/config';
import { STEP_RUNS_ELSEWHERE } from '../saga/contract';
import type { SagaProgress } from '../saga/host/saga-ends';
import type { FastPath } from '../saga/host/fast-path';
import { HEARTBEATS_AT_LEAST_APART_MS, retriedByServer, stepHeartbeat } from '../saga/host/step-interceptors';
import type { SagaSinks } from '../saga/workflow';
import { DRAIN_MS } from './drain';

export const ORDER_WORKER_LIMITS = {
  /**
   * 40: as many as a process can complete within the timeout of one (2 s) when each needs a replay first (up to 50 ms). A
   * slow worker that takes more completes none of them in time; the server then dispatches them again, and the worker never
   * recovers, even when the machine is idle again (ADR 19). Without a free slot an eager start becomes an ordinary one,
   * which the server queues.
   */
  workflowTasks: 40,
  /** More than its workflow tasks need: a group runs few steps at a time. */
  localActivities: 200,
  /** Steps that the server retries: as many as the pool has connections. More would only wait for a connection. */
  steps: 10,
  /** Sagas cached between their workflow tasks; the worker replays an evicted saga from its history. */
  cachedSagas: 1_000,
} as const;

/**
 * 1 s: how long a saga's next workflow task waits for the worker that has cached the saga, before any other worker may take
 * it. A live worker takes it within milliseconds.
 */
const OWN_WORKER_WITHIN_MS = 1_000;

/** 2: the queue gets only steps that have failed three times, and steps whose rows stay locked. */
const STEP_POLLS = 2;

export type SharesSteps = Pick<FastPath<never, never>, 'shareSteps'>;

export interface OrderWorkerOptions {
  /** The connection of the client that starts the sagas: eager starts need the same one. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Path of the built workflow bundle. */
  readonly bundlePath: string;
  /** Includes the payload codecs, if any. */
  readonly dataConverter?: DataConverter | undefined;
  /** Set when the worker is versioned. */
  readonly deployment?: (WorkerDeployment & { readonly buildId: string }) | undefined;
  readonly orderSteps: OrderSteps;
  /** Set when colocated. */
  readonly creditSteps: CreditSteps | undefined;
  /** Runs the steps of sagas that this process starts alone. */
  readonly fastPath?: SharesSteps | undefined;
  /** Called when a saga of this process ends or waits, with its workflow id. */
  readonly onSagaProgress?: ((sagaId: string, progress: SagaProgress) => void) | undefined;
}

/** For sagas that were started colocated and continue in a process without the customer service. */
const creditStepsElsewhere: CreditSteps = { reserveCredit: runsElsewhere, releaseCredit: runsElsewhere };

export function createOrderWorker(options: OrderWorkerOptions): Promise<Worker> {
  const sinks: InjectedSinks<SagaSinks> = {
    saga: {
      ended: {
        fn: ({ workflowId }) => options.onSagaProgress?.(workflowId, { kind: 'ended' }),
        callDuringReplay: false,
      },
      waits: {
        fn: ({ workflowId }, subjectIds) =>
          options.onSagaProgress?.(workflowId, { kind: 'waits', subjectIds }),
        callDuringReplay: false,
      },
    },
  };
  const { orderSteps, creditSteps = creditStepsElsewhere, fastPath } = options;
  const activities = { ...orderSteps, ...creditSteps };
  return Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: ORDER_TASK_QUEUE,
    ...(options.dataConverter && { dataConverter: options.dataConverter }),
    workflowBundle: { codePath: options.bundlePath },
    ...(options.deployment && { workerDeploymentOptions: versioned(options.deployment) }),
    activities,
    sinks,
    interceptors: {
      activity: [...(fastPath ? [fastPath.shareSteps(activities)] : []), stepHeartbeat, retriedByServer],
    },
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
