/** Starts the product in separate processes, as in production, and puts load on it. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../platform/project-paths';
import { ProductProcess } from '../local/product-process';
import { COLOCATED, distributedRoles, environmentOf, type Role } from '../local/topology';
import { freePort } from '../local/free-port';
import type { LoadTask } from './load';
import { type Measured, measuredSchema } from './measure';
import type { BenchServers } from './servers';

const READY_WITHIN_MS = 30_000;
/** 15 s: a graceful shutdown takes at most 10 s. */
const STOP_WITHIN_MS = 15_000;

export interface Product {
  /** URL of the API. */
  readonly url: string;
  /** Places orders from a separate process. */
  load(task: Omit<LoadTask, 'url'>): Promise<Measured>;
  /** Of the process that places orders. */
  readonly pid: number;
  /** Resident memory of the process that places orders, MB. */
  memoryMb(): number;
  stop(): Promise<void>;
}

/** Without the order history. @param env the measured settings, in addition to the servers' addresses */
export function startColocated(
  servers: BenchServers,
  namespace: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Product> {
  return startRole(servers, namespace, { ...COLOCATED, services: ['order', 'customer'] }, env);
}

/** As `npm start` runs it. @param env in addition to the servers' addresses */
export function startShipped(
  servers: BenchServers,
  namespace: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Product> {
  return startRole(servers, namespace, COLOCATED, env);
}

async function startRole(
  servers: BenchServers,
  namespace: string,
  role: Role,
  env: NodeJS.ProcessEnv,
): Promise<Product> {
  const service = await startService(servers, namespace, role, env);
  return productOf(service.url, [service]);
}

/** Without relays and the order history. */
export async function startDistributed(servers: BenchServers, namespace: string): Promise<Product> {
  const port = await freePort();
  const customerService = `http://127.0.0.1:${String(port)}`;
  const roles = distributedRoles({ customerService, orderHistory: undefined, eventFeed: undefined });
  const customer = await startService(servers, namespace, roles.customer, {}, port);
  const order = await startService(servers, namespace, roles.order);
  return productOf(order.url, [order, customer]);
}

/** @param port default: a free one; a relay has none */
export async function startService(
  { databases, temporalAddress }: BenchServers,
  namespace: string,
  role: Role,
  env: NodeJS.ProcessEnv = {},
  port?: number,
): Promise<ProductProcess> {
  const urls = {
    order: databases.orderUrl,
    customer: databases.customerUrl,
    history: databases.historyUrl,
  };
  const service = new ProductProcess({
    name: `the measured ${role.services.join()} process`,
    script: role.script,
    port: role.script === 'workers/relay-main.js' ? undefined : (port ?? (await freePort())),
    env: {
      SAGA_GROUPS_IN_FLIGHT: process.env['SAGA_GROUPS_IN_FLIGHT'],
      LOG_LEVEL: 'info',
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: namespace,
      ...environmentOf(role, (service) => urls[service]),
      ...env,
    },
  });
  service.start();
  await service.ready(READY_WITHIN_MS);
  return service;
}

function productOf(url: string, processes: readonly ProductProcess[]): Product {
  const pid = processes[0]?.child?.process.pid ?? NaN;
  return {
    url,
    pid,
    load: (task) => loadFromOtherProcess({ ...task, url }),
    memoryMb: () => {
      const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    },
    stop: () => stopAll(processes),
  };
}

export async function stopAll(processes: readonly ProductProcess[]): Promise<void> {
  for (const each of processes) await each.stop(STOP_WITHIN_MS);
}

/** Places orders from a separate process. */
export async function loadFromOtherProcess(task: LoadTask): Promise<Measured> {
  const script = path.join(ROOT, 'dist/tools/bench/load.js');
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(task)]);
  return measuredSchema.parse(JSON.parse(stdout));
}
