/** How soon sagas go on whose worker is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Cluster } from './cluster';

/** So many orders under way make a kill worth looking at; a busy cluster has them at once. */
const UNDER_WAY_AT_LEAST = 10;
const WITHIN_MS = 30_000;
const POLL_MS = 10;

/** 1 s: an order that is open for longer was the killed worker's; the others are done in a fraction of it. */
const AFFECTED_AFTER_MS = 1_000;

export interface Recovery {
  readonly kills: number;
  /** Orders under way when a worker was killed. */
  readonly underWay: number;
  /** From the kill to the end of the order, of those that had to wait for another worker; milliseconds, ascending. */
  readonly waitedMs: readonly number[];
}

/** Kills processes one after the other, each when all are well again. */
export async function measureRecovery(cluster: Cluster, kills: number): Promise<Recovery> {
  const orders = new Client({ connectionString: cluster.adminUrlOf('order') });
  await orders.connect();
  const waitedMs: number[] = [];
  let underWay = 0;
  try {
    const victims = [...cluster.orders, ...cluster.customers];
    for (let kill = 0; kill < kills; kill++) {
      const victim = victims[kill % victims.length];
      if (!victim) break;
      const open = await whenBusy(orders);
      victim.signal('SIGKILL');
      underWay += open.length;
      waitedMs.push(...(await untilClosed(orders, open)).filter((ms) => ms > AFFECTED_AFTER_MS));
      await victim.ready(WITHIN_MS);
      console.log(`  ${victim.plan.name} killed: ${String(open.length)} orders under way`);
    }
  } finally {
    await orders.end();
  }
  return { kills, underWay, waitedMs: waitedMs.sort((a, b) => a - b) };
}

async function whenBusy(orders: Client): Promise<string[]> {
  for (const deadline = Date.now() + WITHIN_MS; ;) {
    const { rows } = await orders.query<{ id: string }>(
      `SELECT id FROM orders WHERE state IN ('PENDING', 'CANCELLING')`,
    );
    if (rows.length >= UNDER_WAY_AT_LEAST || Date.now() > deadline) return rows.map(({ id }) => id);
    await sleep(POLL_MS);
  }
}

/** @returns how long each took; one that is open in the end took all the time that there is */
async function untilClosed(orders: Client, ids: readonly string[]): Promise<number[]> {
  const began = performance.now();
  const took: number[] = [];
  for (let left = ids; left.length > 0;) {
    await sleep(POLL_MS);
    const { rows } = await orders.query<{ id: string }>(
      `SELECT id FROM orders WHERE id = ANY ($1) AND state IN ('PENDING', 'CANCELLING')`,
      [left],
    );
    const elapsed = performance.now() - began;
    const closed = left.length - rows.length;
    took.push(...Array.from({ length: closed }, () => elapsed));
    left = rows.map(({ id }) => id);
    if (elapsed > WITHIN_MS) return [...took, ...left.map(() => WITHIN_MS)];
  }
  return took;
}

/** @param share of the ascending list, 0 to 1 */
export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(Math.ceil(ascending.length * share), ascending.length) - 1] ?? 0;
}
