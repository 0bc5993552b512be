/** The product with several processes of a kind behind a balancer, and the processor time of each part. */
import type { Server } from 'node:net';
import { withClient } from '../../platform/postgres-session';
import type { ServiceName } from '../../prisma/schema-engine';
import { startBalancer, type Target } from '../local/balancer';
import { freePort } from '../local/free-port';
import type { ProductProcess } from '../local/product-process';
import { COLOCATED, distributedRoles, relayOf } from '../local/topology';
import type { LoadTask } from './load';
import type { Measured } from './measure';
import { processorSeconds, serverSeconds } from './processor-time';
import { loadFromOtherProcess, startService, stopAll } from './product';
import type { BenchServers } from './servers';

const LOOPBACK = '127.0.0.1';

export interface ScaledProduct {
  load(task: Omit<LoadTask, 'url'>): Promise<Measured>;
  /** Seconds of processor time until now, by part; also of the servers, and of the load with its balancer. */
  processorTime(): Readonly<Record<string, number>>;
  /** How much the servers have written until now. */
  written(): Promise<Written>;
  stop(): Promise<void>;
}

interface Written {
  /** Bytes of all Postgres servers' logs. */
  readonly logBytes: number;
  /** Sagas that have created an order. */
  readonly sagas: number;
}

/** Processes as `npm start` runs one. */
export async function startColocatedProcesses(
  servers: BenchServers,
  namespace: string,
  count: number,
): Promise<ScaledProduct> {
  const port = await freePort();
  const processes = await each(count, () => startService(servers, namespace, COLOCATED, baseOf(port)));
  const balancer = await balance(port, processes);
  return scaledProduct(servers, port, balancer, { 'all services': processes });
}

/** Order services with one process of every other kind: the customer service, the relays, the order history. */
export async function startOrderServices(
  servers: BenchServers,
  namespace: string,
  count: number,
): Promise<ScaledProduct> {
  const [port, customerPort, historyPort] = [await freePort(), await freePort(), await freePort()];
  const roles = distributedRoles({
    customerService: at(customerPort),
    orderHistory: at(historyPort),
    eventFeed: at(port),
  });
  const env = baseOf(port);
  const customers = [await startService(servers, namespace, roles.customer, env, customerPort)];
  const orders = await each(count, () => startService(servers, namespace, roles.order, env));
  const balancer = await balance(port, orders);
  const relays = [await startService(servers, namespace, relayOf('order', 'customer'), env)];
  const history = [await startService(servers, namespace, roles.history, env, historyPort)];
  return scaledProduct(servers, port, balancer, {
    'order services': orders,
    'customer service': customers,
    relays,
    'order history': history,
  });
}

function balance(port: number, processes: readonly ProductProcess[]): Promise<Server> {
  const targets = processes.map(({ url }): Target => ({ host: LOOPBACK, port: Number(new URL(url).port) }));
  return startBalancer({ host: LOOPBACK, port }, targets);
}

function scaledProduct(
  servers: BenchServers,
  port: number,
  balancer: Server,
  parts: Readonly<Record<string, readonly ProductProcess[]>>,
): ScaledProduct {
  const { postgresPids, temporalPid } = servers;
  return {
    load: (task) => loadFromOtherProcess({ ...task, url: at(port) }),
    processorTime: () => ({
      ...Object.fromEntries(Object.entries(parts).map(([name, processes]) => [name, secondsOf(processes)])),
      ...Object.fromEntries(
        postgresPids.map((pid, index) => [`Postgres ${String(index + 1)}`, serverSeconds(pid)]),
      ),
      Temporal: serverSeconds(temporalPid),
      'load and balancer': processorSeconds(process.pid) ?? NaN,
    }),
    written: () => writtenBy(servers),
    stop: async () => {
      balancer.close();
      await stopAll(Object.values(parts).flat());
    },
  };
}

async function writtenBy({ postgresPids, adminUrl }: BenchServers): Promise<Written> {
  const number = (service: ServiceName, query: string) =>
    withClient(adminUrl(service), 'bench', async (db) =>
      Number((await db.query<{ number: string }>(query)).rows[0]?.number),
    );
  const log = `SELECT pg_current_wal_lsn() - '0/0' AS number`;
  const logs =
    postgresPids.length === 1
      ? [await number('order', log)]
      : [await number('order', log), await number('customer', log)];
  return {
    logBytes: logs.reduce((sum, bytes) => sum + bytes, 0),
    sagas: await number('order', 'SELECT count(DISTINCT saga_id) AS number FROM orders'),
  };
}

function secondsOf(processes: readonly ProductProcess[]): number {
  return processes.reduce((sum, { child }) => sum + (processorSeconds(child?.process.pid ?? 0) ?? NaN), 0);
}

/** All processes of a service name the same source of events. */
function baseOf(port: number): NodeJS.ProcessEnv {
  return { EVENT_BASE_URI: at(port) };
}

function at(port: number): string {
  return `http://${LOOPBACK}:${String(port)}`;
}

async function each<T>(count: number, start: () => Promise<T>): Promise<readonly T[]> {
  const started: T[] = [];
  while (started.length < count) started.push(await start());
  return started;
}
