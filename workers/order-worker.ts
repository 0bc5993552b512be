/** The order service's worker: runs the sagas, and their steps as local activities. */
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { CreditSteps, OrderSteps } from '../domain/contracts';
import { ORDER_TASK_QUEUE } from '../domain/names';

/**
 * 200 slots: an eager start needs a free one and otherwise quietly becomes an ordinary start; the SDK's
 * default of 40 lost one start in seven under load.
 */
const WORKFLOW_TASK_SLOTS = 200;

/** As many as workflow tasks: a saga has one step under way at a time. */
const LOCAL_ACTIVITY_SLOTS = 200;

/** Sagas kept in memory between their tasks; a saga that waits longer is replayed from its history. */
const CACHED_SAGAS = 1_000;

/** 5 s to let steps under way finish; the rest is taken up by another worker, or at the next start. */
const DRAIN_MS = 5_000;

export interface OrderWorkerOptions {
  /** Shared with the client that starts the sagas: eager starts need it. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Path of the built workflow bundle. */
  readonly bundlePath: string;
  /** The steps that run here: the order side's, and when colocated the customer side's. */
  readonly steps: OrderSteps & Partial<CreditSteps>;
}

export function createOrderWorker(options: OrderWorkerOptions): Promise<Worker> {
  return Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: ORDER_TASK_QUEUE,
    workflowBundle: { codePath: options.bundlePath },
    activities: options.steps,
    enableNonLocalActivities: false,
    maxConcurrentWorkflowTaskExecutions: WORKFLOW_TASK_SLOTS,
    maxConcurrentLocalActivityExecutions: LOCAL_ACTIVITY_SLOTS,
    maxCachedWorkflows: CACHED_SAGAS,
    shutdownGraceTime: DRAIN_MS,
  });
}
