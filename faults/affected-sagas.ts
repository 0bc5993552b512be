/** Which sagas lost something when a worker was killed, and when they went on: by what their own histories say. */
import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';

export interface OpenOrder {
  readonly id: string;
  readonly sagaId: string;
}

/** @returns of the orders whose saga lost something after that time: milliseconds until it went on elsewhere */
export async function affectedBy(
  client: Client,
  at: number,
  open: readonly OpenOrder[],
): Promise<ReadonlyMap<string, number>> {
  const affected = new Map<string, number>();
  for (const sagaId of new Set(open.map((order) => order.sagaId))) {
    const { events } = await client.workflow.getHandle(sagaId).fetchHistory();
    const wentOnAt = goesOnAt(events ?? [], at);
    if (wentOnAt === undefined) continue;
    for (const order of open) if (order.sagaId === sagaId) affected.set(order.id, wentOnAt - at);
  }
  return affected;
}

/**
 * @returns when the saga went on (epoch milliseconds): the first task after one that timed out, or a step that was given
 *   to another; undefined when it lost nothing; Infinity when it has not gone on
 */
export function goesOnAt(
  events: readonly temporal.api.history.v1.IHistoryEvent[],
  at: number,
): number | undefined {
  let lost = false;
  for (const event of events) {
    const time = event.eventTime ? tsToMs(event.eventTime) : 0;
    if (time < at) continue;
    const { attempt, lastFailure } = event.activityTaskStartedEventAttributes ?? {};
    if ((attempt ?? 1) > 1 && lastFailure?.timeoutFailureInfo) return time;
    if (lost && event.workflowTaskStartedEventAttributes) return time;
    lost ||= Boolean(event.workflowTaskTimedOutEventAttributes);
  }
  return lost ? Infinity : undefined;
}
