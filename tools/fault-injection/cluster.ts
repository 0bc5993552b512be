/**
 * The complete product in one placement, on servers of its own, with a fault proxy in front of each server
 * for each process.
 */
import path from 'node:path';
import type { ServiceName } from '../../prisma/schema-engine';
import type { Placement } from '../../saga/contract';
import { startBalancer } from '../local/balancer';
import { ROOT } from '../../platform/project-paths';
import { onStopSignals } from '../../platform/stop-signals';
import { step } from '../local/progress.cjs';
import { COLOCATED, distributedRoles, relayOf, type Role, workerOf } from '../local/topology';
import { ManagedProcess } from './managed-process';
import { ownPort } from './reserved-ports';
import { type Servers, startServers } from './servers';

/** 120 s: seven processes start at once, on a machine that may be busy. */
const READY_WITHIN_MS = 120_000;

/** 15 s: longer than most faults, so that most orders of the other process are decided on credit. */
const CREDIT_CHECK_TIMEOUT_MS = '15000';

/**
 * One of the processes that accept orders has narrow limits. With one group of eight at a time, a group that
 * keeps its place blocks all orders, and while Temporal hangs most orders wait for their start until they are
 * withdrawn. The credit check timeout of 1.5 s is shorter than the retry of the step (2 s), so a delayed
 * reservation arrives after its order was cancelled and its credit released.
 */
const NARROW = {
  SAGA_GROUPS_IN_FLIGHT: '1',
  SAGA_GROUP_MAX: '8',
  CREDIT_CHECK_TIMEOUT_MS: '1500',
};

const HOST = '127.0.0.1';

export interface Cluster extends Servers {
  readonly placement: Placement;
  /** URLs of the processes that accept orders. */
  readonly urls: readonly string[];
  /** Processes that may run a step of the order service; creditSteps: of the customer service. */
  readonly orderSteps: readonly ManagedProcess[];
  readonly creditSteps: readonly ManagedProcess[];
  /** Processes that run sagas or steps for clients. Recovery is measured when they are killed. */
  readonly services: readonly ManagedProcess[];
  /** Processes that serve no clients: workers, relays, the order history. */
  readonly beside: readonly ManagedProcess[];
  readonly all: readonly ManagedProcess[];
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly placement: Placement;
  /** Folder with the compiled product; a copy when a bug is planted. */
  readonly build?: string;
  /** By database, SQL that plants a bug. */
  readonly planted?: Readonly<Partial<Record<ServiceName, string>>>;
}

/** Starts the cluster. Stops everything when the start fails, or on a signal. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const stops: (() => unknown)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
    stopListening();
  };
  const stopListening = onStopSignals(
    () => void stop().finally(() => process.exit(2)),
    () => process.exit(2),
  );
  return startIn(options, stops, stop).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
}

async function startIn(
  { placement, build = path.join(ROOT, 'dist'), planted = {} }: ClusterOptions,
  stops: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<Cluster> {
  const servers = await startServers(stops, planted);
  const { temporal } = servers;
  const plan: Plan = (name, role, port, env) =>
    new ManagedProcess({
      ...{ name, build, role, port, urlOf: (service) => servers.urlOf(service) },
      temporalAddress: runsSagas(role) ? temporal.address : undefined,
      env: { TEMPORAL_NAMESPACE: temporal.namespace, CREDIT_CHECK_TIMEOUT_MS, ...env },
    });
  const parts = await (placement === 'colocated' ? colocated(plan) : distributed(plan, stops));
  stops.push(() => Promise.all(parts.all.map((each) => each.stop())));
  await step(`starting ${String(parts.all.length)} processes, ${placement}`, async () => {
    for (const each of parts.all) {
      await each.listen();
      each.start();
    }
    await Promise.all(parts.all.map((each) => each.ready(READY_WITHIN_MS)));
  });
  return { ...servers, placement, ...parts, stop };
}

function runsSagas({ script, services }: Role): boolean {
  return script !== 'workers/relay-main.js' && services.join() !== 'history';
}

type Plan = (
  name: string,
  role: Role,
  port?: number,
  env?: Readonly<Record<string, string>>,
) => ManagedProcess;

type Parts = Pick<Cluster, 'urls' | 'orderSteps' | 'creditSteps' | 'services' | 'beside' | 'all'>;

/** Two processes, each of which runs everything, as `npm start` does. */
async function colocated(plan: Plan): Promise<Parts> {
  const all: ManagedProcess[] = [];
  for (const [name, env] of Object.entries({ 'colocated-1': {}, 'colocated-2': NARROW }))
    all.push(plan(name, COLOCATED, await ownPort(), env));
  return {
    urls: all.map(({ url }) => url),
    orderSteps: all,
    creditSteps: all,
    services: all,
    beside: [],
    all,
  };
}

/** One or more processes of each kind. Only the relay publishes events. */
async function distributed(plan: Plan, stops: (() => unknown)[]): Promise<Parts> {
  const [customersPort, historyPort] = [await ownPort(), await ownPort()];
  const [orderPorts, customerPorts] = [
    [await ownPort(), await ownPort()],
    [await ownPort(), await ownPort()],
  ];
  const at = (port: number | undefined) => `http://${HOST}:${String(port)}`;
  const roles = distributedRoles({
    customerService: at(customersPort),
    orderHistory: at(historyPort),
    eventFeed: at(orderPorts[0]),
  });
  const orders = orderPorts.map((port, index) =>
    plan(`order-${String(index + 1)}`, roles.order, port, index > 0 ? NARROW : {}),
  );
  const customers = customerPorts.map((port, index) =>
    plan(`customer-${String(index + 1)}`, roles.customer, port),
  );
  const history = plan('history', roles.history, historyPort);
  const relay = plan('relay', relayOf('order', 'customer'));
  const worker = plan('worker', workerOf('order', 'customer'));
  const balancer = await startBalancer(
    { host: HOST, port: customersPort },
    customerPorts.map((port) => ({ host: HOST, port })),
  );
  stops.push(() => {
    balancer.close();
  });
  return {
    urls: orders.map(({ url }) => url),
    orderSteps: [...orders, worker],
    creditSteps: [...customers, worker],
    services: [...orders, ...customers],
    beside: [worker, relay, history],
    all: [...orders, ...customers, worker, relay, history],
  };
}
