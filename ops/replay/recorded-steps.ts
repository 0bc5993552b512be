/** The commands in a history, described in order. */
import type { temporal } from '@temporalio/proto';
import {
  activityWords,
  CANCELLED_END,
  childWords,
  CONTINUED_END,
  END,
  FAILED_END,
  MEMO,
  patchWords,
  SEARCH_ATTRIBUTES,
  TIMER,
} from './command-descriptions';

export type History = temporal.api.history.v1.IHistory;
type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** A command of workflow code. */
export interface RecordedStep {
  /** Id of its event, as in Temporal's messages. */
  readonly eventId: number;
  readonly words: string;
}

/** Twelve digits of a hash, like our build ids. */
const DIGITS = 12;

/** Upserted by the SDK itself with each patch. */
const PATCHES_ATTRIBUTE = 'TemporalChangeVersion';

/** Returns the workflow type from the first event. */
export function workflowTypeOf({ events }: History): string {
  return events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown';
}

export function workflowIdOf({ events }: History): string | undefined {
  return events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? undefined;
}

/**
 * Returns the version of the worker that completed the last workflow task: the build id of its deployment, else the SDK's hash
 * of its bundle, else `unknown`.
 */
export function versionOf({ events }: History): string {
  const versions = (events ?? []).flatMap((event) => {
    const task = event.workflowTaskCompletedEventAttributes;
    const build = task?.deploymentVersion?.buildId;
    if (build) return [build];
    const worker = task?.workerVersion ?? event.workflowTaskStartedEventAttributes?.workerVersion;
    const [, hash] = worker?.buildId?.split('+') ?? [];
    return hash === undefined ? [] : [`bundle ${hash.slice(0, DIGITS)}`];
  });
  return versions.at(-1) ?? 'unknown';
}

/** Returns the commands of the workflow code. */
export function stepsOf({ events }: History): RecordedStep[] {
  return (events ?? []).flatMap((event) => {
    const words = wordsOf(event);
    return words === undefined ? [] : [{ eventId: Number(event.eventId), words }];
  });
}

/** @returns undefined for an event that is not a command */
function wordsOf(event: HistoryEvent): string | undefined {
  const { activityTaskScheduledEventAttributes: activity, markerRecordedEventAttributes: marker } = event;
  if (activity) return activityWords(activity.activityType?.name ?? '?', activity.taskQueue?.name ?? '?');
  if (marker) return markerWords(marker);
  const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (child) return childWords(child.workflowType?.name ?? '?');
  const upserted = event.upsertWorkflowSearchAttributesEventAttributes;
  if (upserted)
    return PATCHES_ATTRIBUTE in (upserted.searchAttributes?.indexedFields ?? {})
      ? undefined
      : SEARCH_ATTRIBUTES;
  if (event.workflowPropertiesModifiedEventAttributes) return MEMO;
  if (event.timerStartedEventAttributes) return TIMER;
  if (event.workflowExecutionCompletedEventAttributes) return END;
  if (event.workflowExecutionFailedEventAttributes) return FAILED_END;
  if (event.workflowExecutionCanceledEventAttributes) return CANCELLED_END;
  if (event.workflowExecutionContinuedAsNewEventAttributes) return CONTINUED_END;
  return undefined;
}

/** Describes a marker: a local activity by its type, a patch by its id. */
function markerWords({
  markerName,
  details,
}: NonNullable<HistoryEvent['markerRecordedEventAttributes']>): string | undefined {
  const data = details?.[markerName === 'core_patch' ? 'patch-data' : 'data']?.payloads?.[0]?.data;
  if (!data) return undefined;
  const parsed = JSON.parse(Buffer.from(data).toString()) as { activity_type?: string; id?: string };
  return markerName === 'core_patch'
    ? patchWords(String(parsed.id))
    : activityWords(String(parsed.activity_type));
}
