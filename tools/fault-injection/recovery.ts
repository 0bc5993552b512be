/** Measures how soon sagas resume on another worker when their worker is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Client as PostgresClient } from 'pg';
import { cancelSagaWorkflowId } from '../../domain/names';
import { connectClient } from '../../platform/postgres-session';
import { until } from '../local/until';
import { affectedBy, type OpenOrder } from './affected-sagas';
import type { Cluster } from './cluster';

/** A kill counts only with at least 10 orders in progress; a busy cluster has them at once. */
const UNDER_WAY_AT_LEAST = 10;
const WITHIN_MS = 30_000;
const POLL_MS = 10;

/**
 * Orders decided since the last kill, so that all processes are warm: the first orders of a process take
 * several times as long.
 */
export const WARM_ORDERS = 150;
const WARM_POLL_MS = 100;

/** 60 s: a process starts in one or two; the machine may be busy. */
const READY_WITHIN_MS = 60_000;

export interface Recovery {
  readonly kills: number;
  /** Kills skipped because too few orders were open or had been decided. */
  readonly idle: number;
  /** Orders under way when a worker was killed. */
  readonly underWay: number;
  /** How long until each interrupted saga resumed on another worker; milliseconds, ascending. */
  readonly resumedMs: readonly number[];
  /** How long until each of these orders was completed. */
  readonly doneMs: readonly number[];
}

/** Of fewer than 100 affected orders there is no p99. */
export const AFFECTED_AT_LEAST = 100;

/** With fewer kills they are only counted. */
export const KILLS_TO_JUDGE = 8;

/** A kill affects some five orders. */
const MAX_KILLS_FACTOR = 4;

/** Kills the services in turn, each when all are ready again. */
export async function measureRecovery(cluster: Cluster, kills: number, client: Client): Promise<Recovery> {
  const orders = await connectClient(cluster.adminUrlOf('order'), 'fault suite');
  const counts = { kills: 0, idle: 0, underWay: 0 };
  const resumedMs: number[] = [];
  const doneMs: number[] = [];
  try {
    const { services } = cluster;
    let readyAt = new Date();
    const continues = (kill: number) =>
      kill < kills ||
      (kills >= KILLS_TO_JUDGE && kill < MAX_KILLS_FACTOR * kills && resumedMs.length < AFFECTED_AT_LEAST);
    for (let kill = 0; continues(kill); kill++) {
      const victim = services[kill % services.length];
      if (!victim) break;
      const warm = await isWarm(orders, readyAt);
      const open = await whenBusy(orders);
      if (!warm || open.length < UNDER_WAY_AT_LEAST) {
        counts.idle += 1;
        continue;
      }
      const at = Date.now();
      await victim.kill();
      const done = await untilClosed(orders, open);
      const affected = await affectedBy(client, at, open, WITHIN_MS);
      for (const { id } of open) {
        const found = affected.get(id);
        if (!found) continue;
        const doneAfter = done.get(id) ?? WITHIN_MS;
        doneMs.push(doneAfter);
        // The history has only the last attempt of a task. An order that the same saga completed earlier
        // shows when that saga resumed; with two sagas it does not show which one.
        resumedMs.push(found.byOneSaga ? Math.min(found.resumedMs, doneAfter) : found.resumedMs);
      }
      counts.kills += 1;
      counts.underWay += open.length;
      await victim.ready(READY_WITHIN_MS);
      readyAt = new Date();
      console.log(
        `  ${victim.name} killed: ${String(open.length)} orders under way, ${String(affected.size)} affected`,
      );
    }
  } finally {
    await orders.end();
  }
  return { ...counts, resumedMs: resumedMs.sort(ascending), doneMs: doneMs.sort(ascending) };
}

/** @returns whether enough orders were decided in time */
function isWarm(orders: PostgresClient, since: Date): Promise<boolean> {
  const areDecided = async () => {
    const { rows } = await orders.query<{ decided: number }>(
      `SELECT count(*)::int AS decided FROM orders WHERE state NOT IN ('PENDING', 'CANCELLING') AND updated_at >= $1`,
      [since],
    );
    return Number(rows[0]?.decided) >= WARM_ORDERS;
  };
  return until(areDecided, { everyMs: WARM_POLL_MS, withinMs: WITHIN_MS });
}

async function whenBusy(orders: PostgresClient): Promise<OpenOrder[]> {
  for (const deadline = Date.now() + WITHIN_MS; ;) {
    const { rows } = await orders.query<{ id: string; saga: string; state: string }>(
      `SELECT id::text, saga_id AS saga, state FROM orders WHERE state IN ('PENDING', 'CANCELLING')`,
    );
    if (rows.length >= UNDER_WAY_AT_LEAST || Date.now() > deadline)
      return rows.map(({ id, saga, state }) => {
        const cancels = cancelSagaWorkflowId(id);
        return { id, sagaIds: state === 'CANCELLING' ? [cancels] : [saga, cancels] };
      });
    await sleep(POLL_MS);
  }
}

/** @returns how long each took; those that are open in the end are left out */
async function untilClosed(
  orders: PostgresClient,
  open: readonly OpenOrder[],
): Promise<ReadonlyMap<string, number>> {
  const began = performance.now();
  const took = new Map<string, number>();
  for (let left = open.map(({ id }) => id); left.length > 0;) {
    await sleep(POLL_MS);
    const { rows } = await orders.query<{ id: string }>(
      `SELECT id::text FROM orders WHERE id = ANY ($1) AND state IN ('PENDING', 'CANCELLING')`,
      [left],
    );
    const elapsed = performance.now() - began;
    const still = new Set(rows.map(({ id }) => id));
    for (const id of left) if (!still.has(id)) took.set(id, elapsed);
    left = [...still];
    if (elapsed > WITHIN_MS) break;
  }
  return took;
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** @param share of the ascending list, 0 to 1 */
export function quantile(ascendingList: readonly number[], share: number): number {
  return ascendingList[Math.min(Math.ceil(ascendingList.length * share), ascendingList.length) - 1] ?? 0;
}
