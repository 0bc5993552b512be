/** Faults of the servers and of the lines to them, at any moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Cluster } from './cluster';
import type { Random } from './random';

/** 2 s: longer than a step, shorter than a credit check. */
const FOR_MS = 2_000;

/** 200 ms on every piece: a line across the world, with a detour. */
const SLOW_MS = 200;

/** The server takes 200; so many more than it has left. */
const CONNECTIONS = 200;

export const SERVER_FAULTS: Readonly<Record<string, (cluster: Cluster, random: Random) => Promise<void>>> = {
  'Temporal killed, and started again': (cluster) => cluster.killTemporal(),
  'Postgres killed, and started again': (cluster) => cluster.killPostgres(),
  'all lines to Temporal cut': (cluster) => {
    for (const { temporal } of cluster.all) temporal?.cut();
    return Promise.resolve();
  },
  'all lines to the databases cut': (cluster) => {
    for (const { database } of cluster.all) database.cut();
    return Promise.resolve();
  },
  'a line slowed': async (cluster, random) => {
    const { database } = cluster.all[random.below(cluster.all.length)] ?? {};
    database?.slow(SLOW_MS);
    await sleep(FOR_MS);
    database?.slow(0);
  },
  'customers locked by somebody else': (cluster) =>
    holding(cluster.adminUrlOf('customer'), 'SELECT FROM customers ORDER BY id LIMIT 3 FOR UPDATE'),
  'open orders locked by somebody else': (cluster) =>
    holding(cluster.adminUrlOf('order'), `SELECT FROM orders WHERE state = 'PENDING' FOR UPDATE`),
  'connections of Postgres used up': async (cluster) => {
    const clients = Array.from({ length: CONNECTIONS }, () => client(cluster.urlOf('order')));
    await Promise.allSettled(clients.map((each) => each.connect()));
    // Those that are lost come back only when these go.
    for (const { database } of cluster.all) database.cut();
    await sleep(FOR_MS);
    await Promise.allSettled(clients.map((each) => each.end()));
  },
};

/** Where a disk can be filled. */
export const DISK_FAULTS: typeof SERVER_FAULTS = {
  "Postgres's disk full": async (cluster) => {
    cluster.disk?.fill();
    await sleep(FOR_MS);
    cluster.disk?.free();
    // It may have stopped for want of room, and then somebody starts it again.
    if (!(await answers(cluster.adminUrlOf('order')))) await cluster.killPostgres();
  },
};

async function answers(url: string): Promise<boolean> {
  const asking = client(url);
  try {
    await asking.connect();
    await asking.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await asking.end().catch(() => undefined);
  }
}

async function holding(url: string, statement: string): Promise<void> {
  const holder = client(url);
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(statement);
  await sleep(FOR_MS);
  await holder.end();
}

/** Its server may be killed under it. */
function client(url: string): Client {
  return new Client({ connectionString: url }).on('error', () => undefined);
}
