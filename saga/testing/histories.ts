/** Reads and replays the histories of a saga's runs. */
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { PARKED_MEMO } from '../contract';

export type History = temporal.api.history.v1.IHistory;
type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** @returns the history of each run of the saga, from the given run on: it may have continued as new */
export async function historiesFrom(client: Client, workflowId: string, runId: string): Promise<History[]> {
  const histories: History[] = [];
  for (let run: string | null | undefined = runId; run;) {
    const history: History = await client.workflow.getHandle(workflowId, run).fetchHistory();
    histories.push(history);
    run = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return histories;
}

/** @returns names of the activities that have answered, in the order of the histories */
export function answeredSteps(histories: readonly History[]): string[] {
  return histories.flatMap(({ events }) => {
    const scheduled = new Map((events ?? []).map((event) => [String(event.eventId), event]));
    return (events ?? []).flatMap((event) => {
      const { activityTaskCompletedEventAttributes: completed } = event;
      if (!completed) return localStep(event) ?? [];
      const { activityTaskScheduledEventAttributes: activity } =
        scheduled.get(String(completed.scheduledEventId)) ?? {};
      return activity?.activityType?.name ?? [];
    });
  });
}

/** The SDK records a local activity as a marker that holds the name of the activity. */
function localStep({ markerRecordedEventAttributes: marker }: HistoryEvent): string | undefined {
  const data = marker?.details?.['data']?.payloads?.[0]?.data;
  if (marker?.markerName !== 'core_local_activity' || !data || marker.failure) return undefined;
  const recorded: unknown = JSON.parse(Buffer.from(data).toString());
  const named = typeof recorded === 'object' && recorded !== null && 'activity_type' in recorded;
  return named ? String(recorded.activity_type) : undefined;
}

/** Whether the saga's memo has shown a parked step. */
export function wasParked(histories: readonly History[]): boolean {
  return histories.some(({ events }) =>
    events?.some(
      ({ workflowPropertiesModifiedEventAttributes: modified }) =>
        modified?.upsertedMemo?.fields?.[PARKED_MEMO] !== undefined,
    ),
  );
}

/** @returns workflow id and error message of each history that does not replay */
export async function notReplayed(
  workflowBundle: WorkflowBundleOption,
  histories: readonly { readonly workflowId: string; readonly history: History }[],
): Promise<string[]> {
  const failures: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories))
    if (error) failures.push(`${workflowId}: ${error.message}`);
  return failures;
}
