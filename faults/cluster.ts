/** The whole product in the distributed placement, on real servers of its own, every process behind fault lines. */
import { rmSync } from 'node:fs';
import { startBalancer } from '../dev/balancer';
import { type EmbeddedPostgres, startPostgres } from '../dev/postgres';
import { step } from '../dev/progress.cjs';
import { freePort, makeTemplate, scratchFolder } from '../dev/scratch-postgres';
import { type EmbeddedTemporal, startTemporal } from '../dev/temporal';
import { databaseUrl } from '../prisma/provision';
import { SERVICE_NAMES, type ServiceName } from '../prisma/schema-engine';
import { ManagedProcess, type ProcessPlan } from './managed-process';
import { SmallDisk } from './small-disk';

const NAMESPACE = 'faults';
const PASSWORD = 'test';

/** 30 s: five processes start at once on a busy machine. */
const READY_WITHIN_MS = 30_000;

/** 15 s: longer than the faults that the run makes, so that most orders are decided on their merits. */
const CREDIT_CHECK_TIMEOUT_MS = 15_000;

/** A write-ahead log that leaves room on a small disk. */
const SMALL_LOG = ['-c', 'max_wal_size=128MB', '-c', 'min_wal_size=64MB'];

export interface Cluster {
  readonly orders: readonly ManagedProcess[];
  readonly customers: readonly ManagedProcess[];
  readonly all: readonly ManagedProcess[];
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** As the service logs in, past the lines. */
  urlOf(service: ServiceName): string;
  /** As superuser. */
  adminUrlOf(service: ServiceName): string;
  /** SIGKILL, and a start on the same data. */
  killPostgres(): Promise<void>;
  killTemporal(): Promise<void>;
  /** Of Postgres; undefined where none could be mounted. */
  readonly disk: SmallDisk | undefined;
  stop(): Promise<void>;
}

/** Leaves nothing behind, also when it cannot start. */
export async function startCluster(): Promise<Cluster> {
  const folder = scratchFolder();
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const each of stops.reverse()) await each();
    rmSync(folder, { recursive: true, force: true });
  };
  return startIn(folder, stops, stop).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
}

async function startIn(
  folder: string,
  stops: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Cluster> {
  const [postgresPort, temporalPort] = [await freePort(), await freePort()];
  const newTemporal = () =>
    startTemporal({
      cliPath: process.env['TEMPORAL_CLI_PATH'] ?? 'temporal',
      dataDir: folder,
      port: temporalPort,
      namespaces: [NAMESPACE],
    });
  const disk = SmallDisk.mountIn(folder);
  stops.push(() => {
    disk?.unmount();
    return Promise.resolve();
  });
  const newPostgres = () => startPostgres(disk?.folder ?? folder, postgresPort, disk ? SMALL_LOG : []);
  let postgres: EmbeddedPostgres = await step('starting Postgres', newPostgres);
  stops.push(() => postgres.stop());
  for (const service of SERVICE_NAMES) await makeTemplate(postgres.adminUrl, service);
  let temporal: EmbeddedTemporal = await step('starting Temporal', newTemporal);
  stops.push(() => temporal.stop());
  const { adminUrl } = postgres;
  const urlOf = (service: ServiceName) =>
    databaseUrl(adminUrl, `${service}_template`, `${service}_service`, PASSWORD);
  const customersPort = await freePort();
  const historyPort = await freePort();
  const orderPorts = [await freePort(), await freePort()];
  const customerPorts = [await freePort(), await freePort()];
  const plan = (
    name: string,
    service: ProcessPlan['service'],
    port: number,
    env: Record<string, string>,
  ): ManagedProcess =>
    new ManagedProcess({
      name,
      service,
      port,
      databaseUrl: urlOf(service),
      temporalAddress: service === 'history' ? undefined : temporal.address,
      env: { TEMPORAL_NAMESPACE: NAMESPACE, ...env },
    });
  const orders = orderPorts.map((port, index) =>
    plan(`order-${String(index + 1)}`, 'order', port, {
      CUSTOMER_SERVICE_URL: `http://127.0.0.1:${String(customersPort)}`,
      ORDER_HISTORY_URL: `http://127.0.0.1:${String(historyPort)}`,
      CREDIT_CHECK_TIMEOUT_MS: String(CREDIT_CHECK_TIMEOUT_MS),
    }),
  );
  const customers = customerPorts.map((port, index) =>
    plan(`customer-${String(index + 1)}`, 'customer', port, {}),
  );
  const history = plan('history', 'history', historyPort, {
    EVENT_FEED_URL: `http://127.0.0.1:${String(orderPorts[0])}`,
  });
  const all = [...orders, ...customers, history];
  const balancer = await startBalancer(
    { host: '127.0.0.1', port: customersPort },
    customerPorts.map((port) => ({ host: '127.0.0.1', port })),
  );
  stops.push(() => {
    balancer.close();
    return Promise.all(all.map((each) => each.stop()));
  });
  await step('starting the services', async () => {
    for (const each of all) {
      await each.listen();
      each.start();
    }
    await Promise.all(all.map((each) => each.ready(READY_WITHIN_MS)));
  });
  return {
    orders,
    customers,
    all,
    temporal: { address: temporal.address, namespace: NAMESPACE },
    disk,
    urlOf,
    adminUrlOf: (service) => Object.assign(new URL(adminUrl), { pathname: `/${service}_template` }).href,
    killPostgres: async () => {
      postgres.child.process.kill('SIGKILL');
      await postgres.child.exit;
      postgres = await newPostgres();
    },
    killTemporal: async () => {
      temporal.child.process.kill('SIGKILL');
      await temporal.child.exit;
      temporal = await newTemporal();
    },
    stop,
  };
}
