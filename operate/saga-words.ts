/** A history in the words of the saga: what it asked for, in the order in which it did. */
import type { temporal } from '@temporalio/proto';
import { activityWords, END, FAILED_END, TIMER } from './step-words';

export type History = temporal.api.history.v1.IHistory;
type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Type of a workflow, as its first event says. */
export function workflowTypeOf({ events }: History): string {
  return events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown';
}

/** Build id of the worker that ran its last task; `unversioned` when its workers did not say. */
export function versionOf({ events }: History): string {
  const said = (events ?? []).flatMap(({ workflowTaskCompletedEventAttributes: task }) =>
    task?.deploymentVersion?.buildId ? [task.deploymentVersion.buildId] : [],
  );
  return said.at(-1) ?? 'unversioned';
}

/** Each command that workflow code gave, in words. */
export function stepsOf({ events }: History): string[] {
  return (events ?? []).flatMap((event) => wordsOf(event) ?? []);
}

/** @returns undefined for an event that is no command of the workflow */
function wordsOf(event: HistoryEvent): string | undefined {
  const { activityTaskScheduledEventAttributes: activity, markerRecordedEventAttributes: marker } = event;
  if (activity) return activityWords(activity.activityType?.name ?? '?', activity.taskQueue?.name ?? '?');
  if (marker) return markerWords(marker);
  if (event.timerStartedEventAttributes) return TIMER;
  if (event.workflowExecutionCompletedEventAttributes) return END;
  if (event.workflowExecutionFailedEventAttributes) return FAILED_END;
  return undefined;
}

/** Of a local activity its type, which the SDK keeps in the marker; of a patch its id. */
function markerWords({
  markerName,
  details,
}: NonNullable<HistoryEvent['markerRecordedEventAttributes']>): string | undefined {
  const data = details?.[markerName === 'core_patch' ? 'patch-data' : 'data']?.payloads?.[0]?.data;
  if (!data) return undefined;
  const said = JSON.parse(Buffer.from(data).toString()) as { activity_type?: string; id?: string };
  if (markerName === 'core_patch') return patchWords(String(said.id));
  return activityWords(String(said.activity_type));
}

/** Not told by the workflow code that asks for it: the SDK does not let it be heard. */
function patchWords(id: string): string {
  return `the patch ${id}`;
}
