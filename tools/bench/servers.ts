/** The servers of one run: a temporary Postgres and Temporal with the product's settings. */
import { rmSync } from 'node:fs';
import type { Child } from '../local/child';
import { type EmbeddedPostgres, startPostgres } from '../local/postgres';
import { step } from '../local/progress.cjs';
import { freePort } from '../local/free-port';
import { scratchFolder } from '../local/scratch-postgres';
import { startTemporal } from '../local/temporal';
import { applyMigrations } from '../../prisma/migrate';
import { provision } from '../../prisma/provision';
import type { ServiceName } from '../../prisma/schema-engine';

export interface BenchDatabases {
  readonly orderUrl: string;
  readonly customerUrl: string;
  readonly historyUrl: string;
  /** How many customers place orders. */
  readonly customers: number;
}

export interface BenchServers {
  readonly databases: BenchDatabases;
  /** Superuser's URL of a service's database. */
  readonly adminUrl: (service: ServiceName) => string;
  readonly temporalAddress: string;
  /** One per Postgres server. */
  readonly postgresPids: readonly number[];
  readonly temporalPid: number;
  stop(): Promise<void>;
}

/** 200 customers: two groups seldom contend for a row. */
export const MANY_CUSTOMERS = 200;

/** Postgres records the time of each commit, from which the delay of an event is measured. */
const COMMIT_TIMES = ['-c', 'track_commit_timestamp=on'];

/**
 * @param namespaces one per measured product, because all use the same task queues
 * @param customersApart the customer service's database has a Postgres server of its own
 */
export async function startBenchServers(
  namespaces: readonly string[],
  { customersApart = false } = {},
): Promise<BenchServers> {
  const folder = scratchFolder();
  const postgres = await startPostgresIn(folder);
  const apartFolder = customersApart ? scratchFolder() : undefined;
  const apart = apartFolder === undefined ? undefined : await startPostgresIn(apartFolder);
  const temporal = await step('starting Temporal', async () =>
    startTemporal({
      cliPath: process.env['TEMPORAL_CLI_PATH'] ?? 'temporal',
      dataDir: folder,
      port: await freePort(),
      namespaces,
    }),
  );
  const serverOf = (service: ServiceName) => (service === 'customer' && apart ? apart : postgres).adminUrl;
  const [orderUrl, customerUrl, historyUrl] = [
    await databaseOf(serverOf('order'), 'order'),
    await databaseOf(serverOf('customer'), 'customer'),
    await databaseOf(serverOf('history'), 'history'),
  ];
  return {
    databases: { orderUrl, customerUrl, historyUrl, customers: MANY_CUSTOMERS },
    adminUrl: (service) =>
      Object.assign(new URL(serverOf(service)), { pathname: `/${nameOf(service)}` }).href,
    temporalAddress: temporal.address,
    postgresPids: [postgres, ...(apart ? [apart] : [])].map(pidOf),
    temporalPid: pidOf(temporal),
    stop: async () => {
      await temporal.stop();
      await postgres.stop();
      await apart?.stop();
      for (const each of [folder, apartFolder])
        if (each !== undefined) rmSync(each, { recursive: true, force: true });
    },
  };
}

function startPostgresIn(folder: string): Promise<EmbeddedPostgres> {
  return step('starting Postgres', async () => startPostgres(folder, await freePort(), COMMIT_TIMES));
}

/** @throws Error when it did not start */
function pidOf({ child }: { readonly child: Child }): number {
  const { pid } = child.process;
  if (pid === undefined) throw new Error(`${child.name} did not start`);
  return pid;
}

async function databaseOf(adminUrl: string, service: ServiceName): Promise<string> {
  const { ownerUrl, serviceUrl } = await provision(adminUrl, {
    database: nameOf(service),
    owner: `${service}_owner`,
    ownerPassword: 'bench',
    login: `${service}_service`,
    loginPassword: 'bench',
  });
  await applyMigrations(service, ownerUrl);
  return serviceUrl;
}

function nameOf(service: ServiceName): string {
  return `bench_${service}`;
}
