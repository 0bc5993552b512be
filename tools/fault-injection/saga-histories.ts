/** The history of a saga over all of its runs: one that waits long continues as new. */
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** 500 events a run: what a worker replays in milliseconds, however long the saga has waited (DESIGN, invariant 10). */
const EVENTS_OF_A_RUN_MAX = 500;

/** NOT_FOUND of https://grpc.io/docs/guides/status-codes/: `fetchHistory` does not translate it. */
const NOT_FOUND = [5];

/** Named in words; more are counted. */
const NAMED_MAX = 5;

/**
 * @param since epoch milliseconds: runs that had ended by then are left out
 * @returns the events of each run, the first run first; empty when there is no such saga
 */
export async function runsOf(client: Client, sagaId: string, since = 0): Promise<HistoryEvent[][]> {
  const runs: HistoryEvent[][] = [];
  for (let runId: string | undefined; ;) {
    const { events } = await client.workflow
      .getHandle(sagaId, runId)
      .fetchHistory()
      .catch((error: unknown) => {
        if (isGrpcServiceError(error) && NOT_FOUND.includes(error.code)) return { events: undefined };
        throw error;
      });
    if (!events) return runs;
    runs.unshift(events);
    const [first] = events;
    runId = first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
    if (!runId || timeOf(first) < since) return runs;
  }
}

/** @returns epoch milliseconds */
export function timeOf(event: HistoryEvent | undefined): number {
  return event?.eventTime ? tsToMs(event.eventTime) : 0;
}

/**
 * As far as Temporal's visibility knows, which has the length of runs that have ended.
 *
 * @returns what is too long, in words
 */
export async function tooLongRuns(client: Client): Promise<string[]> {
  const query = `HistoryLength > ${String(EVENTS_OF_A_RUN_MAX)}`;
  const { count } = await client.workflow.count(query);
  if (count === 0) return [];
  const words: string[] = [];
  for await (const { workflowId, runId, historyLength } of client.workflow.list({ query })) {
    if (words.length === NAMED_MAX) break;
    words.push(`run ${runId} of ${workflowId} has ${String(historyLength)} events`);
  }
  const more = count - words.length;
  return more > 0
    ? [...words, `and ${String(more)} more runs are longer than ${String(EVENTS_OF_A_RUN_MAX)}`]
    : words;
}
