/** Whether running sagas make progress: a worker takes their workflow tasks, and their code does not fail. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { withTimeout } from '../../saga/host/with-timeout';

/** 20 concurrent requests: some hundred per second, a small load for a server. */
const CONCURRENCY = 20;

/** 10 s for a description, and for one event: each takes the server milliseconds. */
const ANSWER_WITHIN_MS = 10_000;

/** 5 s, at least, for a task that fails, or that no worker takes: a live worker takes a saga up within 5 s at any age. */
const NO_PROGRESS_MS = 5_000;

/** 10 s, at least, for a task that a worker took and did not complete: another worker gets it within 7 s. */
const LOST_TASK_MS = 10_000;

/** What the SDK and JavaScript call failures of code; a failure of a step's statement has a type of its own. */
const CODE_FAILURES = ['NotFoundError', 'TypeError', 'ReferenceError', 'RangeError', 'SyntaxError'];

/**
 * 8: the server's pauses before this attempt, from 50 ms on, are 6 s together, so a worker that is just being replaced is not
 * reported.
 */
const ATTEMPTS = 8;

const { EventType, WorkflowTaskFailedCause } = temporal.api.enums.v1;

type Description = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;
type Event = temporal.api.history.v1.IHistoryEvent;

/** By the id of a running saga: why it makes no progress, in words that stay the same while it makes none. */
export type Progress = ReadonlyMap<string, string | undefined>;

/**
 * @param graceMs for how long a saga may wait for a worker, or its code may fail
 * @returns the sagas that run, read from the sagas themselves, so without delay
 */
export async function progressOf(
  client: Client,
  sagaIds: readonly string[],
  graceMs: number,
): Promise<Progress> {
  const ids = [...new Set(sagaIds)];
  const running = new Map<string, string | undefined>();
  for (let from = 0; from < ids.length; from += CONCURRENCY) {
    await Promise.all(
      ids.slice(from, from + CONCURRENCY).map(async (sagaId) => {
        const description = await describe(client, sagaId);
        if (!description) return;
        running.set(sagaId, (await failingTask(client, description, graceMs)) ?? failingStep(description));
      }),
    );
  }
  return running;
}

/** @returns undefined when it does not run */
async function describe(client: Client, sagaId: string): Promise<Description | undefined> {
  try {
    const described = client.workflow.getHandle(sagaId).describe();
    const { status, raw } = await withTimeout(described, ANSWER_WITHIN_MS, `description of ${sagaId}`);
    return status.name === 'RUNNING' ? raw : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The history says only what happened at the first attempt of a task: later attempts leave no event. */
async function failingTask(
  { workflowService, options }: Client,
  { pendingWorkflowTask, workflowExecutionInfo }: Description,
  graceMs: number,
): Promise<string | undefined> {
  const execution = workflowExecutionInfo?.execution;
  if (!pendingWorkflowTask || !execution) return undefined;
  const answer = workflowService.getWorkflowExecutionHistoryReverse({
    namespace: options.namespace,
    execution,
    maximumPageSize: 1,
  });
  const { history } = await withTimeout(
    answer,
    ANSWER_WITHIN_MS,
    `last event of ${String(execution.workflowId)}`,
  );
  const last = history?.events?.[0];
  if (!last?.eventTime) return undefined;
  const { words, afterMs } = whyNoTask(last);
  const waitedMs = Date.now() - tsToMs(last.eventTime);
  return waitedMs >= Math.max(graceMs, afterMs) ? `${words} since event ${String(last.eventId)}` : undefined;
}

function whyNoTask({ eventType, workflowTaskFailedEventAttributes: failed }: Event) {
  if (failed) {
    const cause = String(WorkflowTaskFailedCause[failed.cause ?? 0]).replace(
      'WORKFLOW_TASK_FAILED_CAUSE_',
      '',
    );
    return { words: `its workflow task fails (${cause})`, afterMs: NO_PROGRESS_MS };
  }
  if (eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
    return { words: 'no worker completes its workflow task in time', afterMs: LOST_TASK_MS };
  if (eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)
    return { words: 'the worker does not complete its workflow task', afterMs: LOST_TASK_MS };
  return { words: 'no worker takes its workflow task', afterMs: NO_PROGRESS_MS };
}

function failingStep({ pendingActivities }: Description): string | undefined {
  for (const { activityType, attempt, lastFailure } of pendingActivities ?? []) {
    const type = lastFailure?.applicationFailureInfo?.type;
    if (type != null && CODE_FAILURES.includes(type) && Number(attempt) >= ATTEMPTS)
      return `its step ${String(activityType?.name)} fails in code (${type})`;
  }
  return undefined;
}
