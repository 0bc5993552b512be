/** Which sagas lost work when a worker was killed, and when they resumed, according to their histories. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { type HistoryEvent, runsOf, timeOf } from './saga-histories';

const POLL_MS = 100;

export interface OpenOrder {
  readonly id: string;
  /** The saga that created it, and the saga that cancels it, which may not exist. */
  readonly sagaIds: readonly string[];
}

/** An order one of whose sagas lost work. */
export interface Affected {
  /** Milliseconds until the last of its sagas resumed on another worker. */
  readonly resumedMs: number;
  /** Whether only one saga runs for it. */
  readonly byOneSaga: boolean;
}

/**
 * @param at epoch milliseconds; work lost earlier is ignored
 * @param withinMs how long a saga may take to resume
 * @returns by order id
 */
export async function affectedBy(
  client: Client,
  at: number,
  open: readonly OpenOrder[],
  withinMs: number,
): Promise<ReadonlyMap<string, Affected>> {
  const resumed = new Map<string, Resumed | undefined>();
  for (const sagaId of new Set(open.flatMap(({ sagaIds }) => sagaIds)))
    resumed.set(sagaId, await whenResumed(client, sagaId, at, withinMs));
  const affected = new Map<string, Affected>();
  for (const { id, sagaIds } of open) {
    const sagas = sagaIds.flatMap((sagaId) => resumed.get(sagaId) ?? []);
    const lost = sagas.flatMap(({ resumedAt }) => resumedAt ?? []);
    if (lost.length > 0)
      affected.set(id, { resumedMs: Math.max(...lost) - at, byOneSaga: sagas.length === 1 });
  }
  return affected;
}

interface Resumed {
  /** Epoch milliseconds; undefined when it lost nothing, Infinity when it did not resume in time. */
  readonly resumedAt: number | undefined;
}

/** @returns undefined when the saga does not exist */
async function whenResumed(
  client: Client,
  sagaId: string,
  at: number,
  withinMs: number,
): Promise<Resumed | undefined> {
  for (;;) {
    const runs = await runsOf(client, sagaId, at);
    if (runs.length === 0) return undefined;
    const resumedAt = resumesAt(runs.flat(), at);
    if (resumedAt !== Infinity || Date.now() > at + withinMs) return { resumedAt };
    await sleep(POLL_MS);
  }
}

/**
 * @param events of all runs, in order
 * @returns when the saga resumed (epoch milliseconds): the first task after a timed-out task, or a step
 *   retried after a timeout; undefined when it lost nothing; Infinity when it has not resumed
 */
export function resumesAt(events: readonly HistoryEvent[], at: number): number | undefined {
  let lost = false;
  for (const event of events) {
    const time = timeOf(event);
    if (time < at) continue;
    const { attempt, lastFailure } = event.activityTaskStartedEventAttributes ?? {};
    if ((attempt ?? 1) > 1 && lastFailure?.timeoutFailureInfo) return time;
    if (lost && event.workflowTaskStartedEventAttributes) return time;
    lost ||= Boolean(event.workflowTaskTimedOutEventAttributes);
  }
  return lost ? Infinity : undefined;
}
