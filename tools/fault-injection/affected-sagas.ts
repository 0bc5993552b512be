/** Which sagas lost something when a worker was killed, and when they resumed: by what their own histories say. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { type HistoryEvent, runsOf, timeOf } from './saga-histories';

const LOOK_EVERY_MS = 100;

export interface OpenOrder {
  readonly id: string;
  /** Those that may be at work on it: its creation's, and its cancellation's, which need not be there. */
  readonly sagaIds: readonly string[];
}

/** An order of which a saga has lost something. */
export interface Affected {
  /** Until the last of its sagas resumed elsewhere, milliseconds. */
  readonly resumedMs: number;
  /** Whether one saga alone is at work on it. */
  readonly byOneSaga: boolean;
}

/**
 * @param at epoch milliseconds: what was lost before is left out
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
  /** Epoch milliseconds; undefined when it lost nothing, Infinity when it has not resumed in time. */
  readonly resumedAt: number | undefined;
}

/** @returns undefined when there is no such saga */
async function whenResumed(
  client: Client,
  sagaId: string,
  at: number,
  withinMs: number,
): Promise<Resumed | undefined> {
  for (;;) {
    const runs = await runsOf(client, sagaId, at);
    if (runs.length === 0) return undefined;
    const resumedAt = goesOnAt(runs.flat(), at);
    if (resumedAt !== Infinity || Date.now() > at + withinMs) return { resumedAt };
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * @param events of all runs, in order
 * @returns when the saga went on (epoch milliseconds): the first task after one that timed out, or a step that was given
 *   to another; undefined when it lost nothing; Infinity when it has not gone on
 */
export function goesOnAt(events: readonly HistoryEvent[], at: number): number | undefined {
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
