/**
 * What Temporal Cloud bills for a history: https://docs.temporal.io/cloud/actions, as of November 2026. Heartbeats of
 * activities and queries leave no event, and are not counted.
 */
import type { History } from '../../ops/replay/recorded-steps';

/** The retries of local activities in one workflow task are billed up to this number. */
const LOCAL_RETRIES_MAX = 100;

/** Actions by what they are billed for; without those that are zero. */
export function billedActions({ events }: History): Readonly<Record<string, number>> {
  const actions = new Map<string, number>();
  const bill = (what: string, count = 1) => {
    if (count > 0) actions.set(what, (actions.get(what) ?? 0) + count);
  };
  const tasksWithMarkers = new Set<string>();
  for (const event of events ?? []) {
    if (event.workflowExecutionStartedEventAttributes) bill('start');
    if (event.activityTaskScheduledEventAttributes) bill('activity');
    const attempt = event.activityTaskStartedEventAttributes?.attempt ?? 1;
    bill('retry of an activity', attempt - 1);
    const marker = event.markerRecordedEventAttributes;
    if (marker) tasksWithMarkers.add(String(marker.workflowTaskCompletedEventId));
    const metered = event.workflowTaskCompletedEventAttributes?.meteringMetadata;
    const retries = metered?.nonfirstLocalActivityExecutionAttempts ?? 0;
    bill('retry of a local activity', Math.min(retries, LOCAL_RETRIES_MAX));
    if (event.timerStartedEventAttributes) bill('timer');
    if (event.workflowExecutionSignaledEventAttributes) bill('signal');
    if (event.upsertWorkflowSearchAttributesEventAttributes) bill('search attribute');
  }
  bill('local activities of a task', tasksWithMarkers.size);
  return Object.fromEntries(actions);
}
