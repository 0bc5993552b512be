/** A history in the words of the saga: what it asked for, in the order in which it did. */
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

/** A command that workflow code gave. */
export interface RecordedStep {
  /** Of its event, by which the engine names it. */
  readonly eventId: number;
  readonly words: string;
}

/** Twelve digits of a hash: as many as a build id of ours has. */
const DIGITS = 12;

/** Upserted by the SDK itself with each patch. */
const PATCHES_ATTRIBUTE = 'TemporalChangeVersion';

/** Type of a workflow, as its first event says. */
export function workflowTypeOf({ events }: History): string {
  return events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown';
}

export function workflowIdOf({ events }: History): string | undefined {
  return events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? undefined;
}

/**
 * Of the worker that ran its last task: the build id of its deployment, or, where it was not versioned, the hash that the
 * SDK makes of its bundle; `unknown` when it said neither.
 */
export function versionOf({ events }: History): string {
  const said = (events ?? []).flatMap((event) => {
    const task = event.workflowTaskCompletedEventAttributes;
    const build = task?.deploymentVersion?.buildId;
    if (build) return [build];
    const worker = task?.workerVersion ?? event.workflowTaskStartedEventAttributes?.workerVersion;
    const [, hash] = worker?.buildId?.split('+') ?? [];
    return hash === undefined ? [] : [`bundle ${hash.slice(0, DIGITS)}`];
  });
  return said.at(-1) ?? 'unknown';
}

/** Each command that workflow code gave, in words. */
export function stepsOf({ events }: History): RecordedStep[] {
  return (events ?? []).flatMap((event) => {
    const words = wordsOf(event);
    return words === undefined ? [] : [{ eventId: Number(event.eventId), words }];
  });
}

/** @returns undefined for an event that is no command of the workflow */
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

/** Of a local activity its type, which the SDK keeps in the marker; of a patch its id. */
function markerWords({
  markerName,
  details,
}: NonNullable<HistoryEvent['markerRecordedEventAttributes']>): string | undefined {
  const data = details?.[markerName === 'core_patch' ? 'patch-data' : 'data']?.payloads?.[0]?.data;
  if (!data) return undefined;
  const said = JSON.parse(Buffer.from(data).toString()) as { activity_type?: string; id?: string };
  return markerName === 'core_patch'
    ? patchWords(String(said.id))
    : activityWords(String(said.activity_type));
}
