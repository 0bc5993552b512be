/** Reads what Temporal has of a saga: its status and the histories of its last runs. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { EVENTS_OF_A_RUN_MAX, RUNS_MAX } from './timeline-limits';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
export type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

export interface SagaRuns {
  readonly sagaId: string;
  /** Of the last run, as Temporal names it. */
  readonly status: string;
  /** The first run first, each with its events. */
  readonly runs: readonly (readonly HistoryEvent[])[];
  /** Steps on a task queue that have not ended. Their failed attempts are not in the history. */
  readonly pending: readonly PendingActivity[];
  /** Whether earlier runs, or later events of a run, were left out. */
  readonly truncated: boolean;
}

/** @returns undefined when Temporal has no such saga (any more) */
export async function sagaRuns(client: Client, sagaId: string): Promise<SagaRuns | undefined> {
  const described = await client.workflow
    .getHandle(sagaId)
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
  if (!described) return undefined;
  const runs: (readonly HistoryEvent[])[] = [];
  let truncated = false;
  for (let runId: string | undefined = described.runId; runId;) {
    if (runs.length === RUNS_MAX) {
      truncated = true;
      break;
    }
    const { events, more } = await eventsOf(client, sagaId, runId);
    truncated ||= more;
    runs.unshift(events);
    runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
  }
  const { status, raw } = described;
  return { sagaId, status: status.name, runs, pending: raw.pendingActivities ?? [], truncated };
}

async function eventsOf(client: Client, workflowId: string, runId: string) {
  const events: HistoryEvent[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: EVENTS_OF_A_RUN_MAX - events.length,
      ...(nextPageToken && { nextPageToken }),
    });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken.length > 0 ? page.nextPageToken : undefined;
  } while (nextPageToken && events.length < EVENTS_OF_A_RUN_MAX);
  return { events, more: nextPageToken !== undefined };
}
