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
import { ManagedProcess, type ProcessPlan } from './managed-process';
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
  const plan = (
    name: string,
    script: ProcessPlan['script'],
    services: readonly ServiceName[],
    { port, env = {} }: { readonly port?: number; readonly env?: Readonly<Record<string, string>> } = {},
  ): ManagedProcess =>
    new ManagedProcess({
      name,
      build,
      script,
      databases: Object.fromEntries(services.map((service) => [service, servers.urlOf(service)])),
      temporalAddress:
        script === 'workers/relay-main.js' || services.join() === 'history' ? undefined : temporal.address,
      port,
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

type Plan = (
  name: string,
  script: ProcessPlan['script'],
  services: readonly ServiceName[],
  more?: { readonly port?: number; readonly env?: Readonly<Record<string, string>> },
) => ManagedProcess;

type Parts = Pick<Cluster, 'urls' | 'orderSteps' | 'creditSteps' | 'services' | 'beside' | 'all'>;

/** Two processes, each of which runs everything, as `npm start` does. */
async function colocated(plan: Plan): Promise<Parts> {
  const all: ManagedProcess[] = [];
  for (const [name, env] of Object.entries({ 'colocated-1': {}, 'colocated-2': NARROW }))
    all.push(plan(name, 'api/main.js', ['order', 'customer', 'history'], { port: await ownPort(), env }));
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
  const elsewhere = { OUTBOX_RELAY: 'elsewhere' };
  const at = (port: number | undefined) => `http://${HOST}:${String(port)}`;
  const orders = orderPorts.map((port, index) =>
    plan(`order-${String(index + 1)}`, 'api/main.js', ['order'], {
      port,
      env: {
        ...elsewhere,
        ...(index > 0 && NARROW),
        CUSTOMER_SERVICE_URL: at(customersPort),
        ORDER_HISTORY_URL: at(historyPort),
      },
    }),
  );
  const customers = customerPorts.map((port, index) =>
    plan(`customer-${String(index + 1)}`, 'api/main.js', ['customer'], { port, env: elsewhere }),
  );
  const history = plan('history', 'api/main.js', ['history'], {
    port: historyPort,
    env: { EVENT_FEED_URL: at(orderPorts[0]) },
  });
  const relay = plan('relay', 'workers/relay-main.js', ['order', 'customer']);
  const worker = plan('worker', 'workers/main.js', ['order', 'customer']);
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
