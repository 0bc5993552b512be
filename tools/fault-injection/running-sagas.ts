/** Describes sagas that should not be running: the servers stop before anybody can inspect them. */
import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';

const { EventType } = temporal.api.enums.v1;

/** 5 sagas, with their last 12 events: two rounds of a step that fails. */
const SAGAS_MAX = 5;
const EVENTS_MAX = 12;

type Time = Parameters<typeof tsToMs>[0];

/** @returns of each: what Temporal has under way for it, and the last events of its history, in words */
export async function runningSagas(client: Client): Promise<string[]> {
  const words: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
    if (words.length === SAGAS_MAX) break;
    const handle = client.workflow.getHandle(workflowId);
    const { raw } = await handle.describe();
    const { events } = await handle.fetchHistory();
    const underWay = JSON.stringify({ task: raw.pendingWorkflowTask, activities: raw.pendingActivities });
    words.push([workflowId, underWay, ...(events ?? []).slice(-EVENTS_MAX).map(wordsOf)].join('\n  '));
  }
  return words;
}

function wordsOf(event: temporal.api.history.v1.IHistoryEvent): string {
  const { eventId, eventTime, eventType, ...rest } = event;
  const attributes = Object.values(rest).find((value) => typeof value === 'object' && value !== null);
  return `${String(eventId)} ${iso(eventTime)} ${EventType[eventType ?? 0] ?? ''} ${shortened(attributes)}`;
}

function iso(time: Time): string {
  return time ? new Date(tsToMs(time)).toISOString() : 'at an unknown time';
}

/** 300 characters: names, attempts and failures stand at the beginning; payloads do not matter. */
const ATTRIBUTES_MAX = 300;

function shortened(attributes: unknown): string {
  return JSON.stringify(attributes).slice(0, ATTRIBUTES_MAX);
}
