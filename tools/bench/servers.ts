/** The servers of one run: a temporary Postgres and Temporal with the product's settings. */
import { rmSync } from 'node:fs';
import { startPostgres } from '../local/postgres';
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
  stop(): Promise<void>;
}

/** 200 customers: two groups seldom contend for a row. */
export const MANY_CUSTOMERS = 200;

/** Postgres records the time of each commit, from which the delay of an event is measured. */
const COMMIT_TIMES = ['-c', 'track_commit_timestamp=on'];

/** @param namespaces one per measured product, because all use the same task queues */
export async function startBenchServers(namespaces: readonly string[]): Promise<BenchServers> {
  const folder = scratchFolder();
  const postgres = await step('starting Postgres', async () =>
    startPostgres(folder, await freePort(), COMMIT_TIMES),
  );
  const temporal = await step('starting Temporal', async () =>
    startTemporal({
      cliPath: process.env['TEMPORAL_CLI_PATH'] ?? 'temporal',
      dataDir: folder,
      port: await freePort(),
      namespaces,
    }),
  );
  const [orderUrl, customerUrl, historyUrl] = [
    await databaseOf(postgres.adminUrl, 'order'),
    await databaseOf(postgres.adminUrl, 'customer'),
    await databaseOf(postgres.adminUrl, 'history'),
  ];
  return {
    databases: { orderUrl, customerUrl, historyUrl, customers: MANY_CUSTOMERS },
    adminUrl: (service) =>
      Object.assign(new URL(postgres.adminUrl), { pathname: `/${nameOf(service)}` }).href,
    temporalAddress: temporal.address,
    stop: async () => {
      await temporal.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
