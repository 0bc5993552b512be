/** Starts the product in separate processes, as in production, and puts load on it. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../platform/project-paths';
import { ProductProcess } from '../local/product-process';
import { freePort } from '../local/scratch-postgres';
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
  /** Resident memory of the process that places orders, MB. */
  memoryMb(): number;
  stop(): Promise<void>;
}

/** @param env the measured settings, in addition to the servers' addresses */
export async function startColocated(
  servers: BenchServers,
  namespace: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Product> {
  const { orderUrl, customerUrl } = servers.databases;
  const service = await startService(servers, namespace, {
    SERVICES: 'order,customer',
    ORDER_DATABASE_URL: orderUrl,
    CUSTOMER_DATABASE_URL: customerUrl,
    ...env,
  });
  return productOf(service.url, [service]);
}

export async function startDistributed(
  servers: BenchServers,
  namespace: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Product> {
  const { orderUrl, customerUrl } = servers.databases;
  const customer = await startService(servers, namespace, {
    SERVICES: 'customer',
    CUSTOMER_DATABASE_URL: customerUrl,
    ...env,
  });
  const order = await startService(servers, namespace, {
    SERVICES: 'order',
    ORDER_DATABASE_URL: orderUrl,
    CUSTOMER_SERVICE_URL: customer.url,
    ...env,
  });
  return productOf(order.url, [order, customer]);
}

async function startService(
  servers: BenchServers,
  namespace: string,
  env: NodeJS.ProcessEnv,
): Promise<ProductProcess> {
  const service = new ProductProcess({
    name: `the measured ${String(env['SERVICES'])} process`,
    script: 'api/main.js',
    port: await freePort(),
    env: {
      SAGA_GROUPS_IN_FLIGHT: process.env['SAGA_GROUPS_IN_FLIGHT'],
      LOG_LEVEL: 'info',
      TEMPORAL_ADDRESS: servers.temporalAddress,
      TEMPORAL_NAMESPACE: namespace,
      ...env,
    },
  });
  service.start();
  await service.ready(READY_WITHIN_MS);
  return service;
}

function productOf(url: string, processes: readonly ProductProcess[]): Product {
  return {
    url,
    load: async (task) => {
      const script = path.join(ROOT, 'dist/tools/bench/load.js');
      const { stdout } = await promisify(execFile)(process.execPath, [
        script,
        JSON.stringify({ ...task, url }),
      ]);
      return measuredSchema.parse(JSON.parse(stdout));
    },
    memoryMb: () => {
      const status = readFileSync(`/proc/${String(processes[0]?.child?.process.pid)}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    },
    stop: async () => {
      for (const each of processes) await each.stop(STOP_WITHIN_MS);
    },
  };
}
