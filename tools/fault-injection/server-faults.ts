/**
 * Faults of the servers: killed, locked, out of connections, disk full. Each returns whether its effect was
 * observed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { createClient } from '../../platform/postgres-session';
import type { ServiceName } from '../../prisma/schema-engine';
import { answers } from '../local/postgres';
import type { Cluster } from './cluster';
import type { Random } from './random';

/** @returns whether it took effect */
export type Fault = (cluster: Cluster, random: Random) => Promise<boolean>;

/** 2 s: longer than a step, shorter than a credit check. */
const FOR_MS = 2_000;

/** The server accepts 200 connections; this exceeds what is left. */
const CONNECTIONS = 200;

/** SQLSTATEs by https://www.postgresql.org/docs/current/errcodes-appendix.html. */
const TOO_MANY_CONNECTIONS = '53300';
const DISK_FULL = '53100';

/**
 * How a busy step appears in a request to Temporal: as the answer for some orders, or as a failed attempt for
 * all.
 */
const BUSY = ['"outcome":"busy"', 'every item is busy'];

/** 6 s: longer than a start of a saga is waited for (5 s). */
const TEMPORAL_STOPPED_MS = 6_000;

/** 5 times: what is locked may belong to sagas that stand still just then, for another fault. */
const ROUNDS = 5;
const POLL_MS = 100;

export const SERVER_FAULTS: Readonly<Record<string, Fault>> = {
  'Temporal killed, and started again': (cluster) => cluster.killTemporal(),
  'Postgres killed, and started again': (cluster) => cluster.killPostgres(),
  'Temporal stopped, and woken': async (cluster) => {
    const wake = cluster.stopTemporal();
    await sleep(TEMPORAL_STOPPED_MS);
    return wake();
  },
  'the table of customers locked by somebody else': (cluster) => tableLocked(cluster),
  'customers locked by somebody else': (cluster) =>
    holding(cluster, 'customer', 'SELECT FROM customers ORDER BY id LIMIT 3 FOR UPDATE'),
  'open orders locked by somebody else': (cluster) =>
    holding(cluster, 'order', `SELECT FROM orders WHERE state = 'PENDING' FOR UPDATE`),
  'connections of Postgres used up': async (cluster) => {
    const before = refusals(cluster, TOO_MANY_CONNECTIONS);
    const clients = Array.from({ length: CONNECTIONS }, () => client(cluster.urlOf('order')));
    await Promise.allSettled(clients.map((each) => each.connect()));
    // Cutting the connections makes the processes reconnect, which now fails.
    for (const proxy of cluster.all.flatMap(({ databaseProxies }) => databaseProxies)) proxy.cut();
    await sleep(FOR_MS);
    await Promise.allSettled(clients.map((each) => each.end()));
    return refusals(cluster, TOO_MANY_CONNECTIONS) > before;
  },
};

/** Where a disk can be filled. */
export const DISK_FAULTS: Readonly<Record<string, Fault>> = {
  "Postgres's disk full": async (cluster) => {
    const before = refusals(cluster, DISK_FULL);
    cluster.disk?.fill();
    await sleep(FOR_MS);
    cluster.disk?.free();
    const tookEffect = refusals(cluster, DISK_FULL) > before || cluster.postgresEnded();
    // Postgres may have stopped for lack of space; then restart it.
    if (!(await answers(cluster.adminUrlOf('order')))) await cluster.killPostgres();
    return tookEffect;
  },
};

/** How often our processes got this SQLSTATE. */
function refusals(cluster: Cluster, state: string): number {
  return cluster.all
    .flatMap(({ databaseProxies }) => databaseProxies)
    .reduce((sum, proxy) => sum + proxy.refusals(state), 0);
}

/** Locks rows; it took effect when a saga's step found one of them busy. */
async function holding(cluster: Cluster, service: ServiceName, statement: string): Promise<boolean> {
  const holder = client(cluster.adminUrlOf(service));
  await holder.connect();
  const found = { busy: false };
  const ends = cluster.all.map((process) =>
    process.watch({
      asked: (request) => {
        found.busy ||= request.to === 'temporal' && BUSY.some((words) => request.words().includes(words));
        return false;
      },
      answered: () => false,
      closed: () => undefined,
    }),
  );
  try {
    for (let round = 0; round < ROUNDS && !found.busy; round++) {
      await holder.query('BEGIN');
      const { rowCount } = await holder.query(statement);
      await sleep(rowCount === 0 ? POLL_MS : FOR_MS);
      await holder.query('ROLLBACK');
    }
  } catch {
    // Another fault killed the server.
  } finally {
    for (const end of ends) end();
    await holder.end().catch(() => undefined);
  }
  return found.busy;
}

/** Locks a table; it took effect when a statement of ours waited for it. */
async function tableLocked(cluster: Cluster): Promise<boolean> {
  const holder = client(cluster.adminUrlOf('customer'));
  try {
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE customers');
    await sleep(FOR_MS);
    const { rowCount } = await holder.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    await holder.query('ROLLBACK');
    return rowCount !== 0;
  } catch {
    return false; // another fault killed the server
  } finally {
    await holder.end().catch(() => undefined);
  }
}

/** Another fault may kill the server. */
function client(url: string): Client {
  return createClient(url, 'fault suite').on('error', () => undefined);
}
