/** The servers of one run: Postgres and Temporal, each of which can be killed and restarted. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../../platform/postgres-session';
import { databaseUrl } from '../../prisma/provision';
import { SERVICE_NAMES, type ServiceName } from '../../prisma/schema-engine';
import type { Child } from '../local/child';
import { type EmbeddedPostgres, startPostgres } from '../local/postgres';
import { step } from '../local/progress.cjs';
import { makeTemplate, scratchFolder } from '../local/scratch-postgres';
import { StartError } from '../local/start-error';
import { type EmbeddedTemporal, startTemporal } from '../local/temporal';
import { isStopped } from './process-state';
import { ownPort } from './reserved-ports';
import { SmallDisk } from './small-disk';

const NAMESPACE = 'faults';
const PASSWORD = 'test';

/** 30 s, and half a second between two attempts: as a container's supervisor would. */
const STARTED_AGAIN_WITHIN_MS = 30_000;
const START_AGAIN_MS = 500;

/** A write-ahead log that leaves room on a small disk. */
const SMALL_LOG = ['-c', 'max_wal_size=128MB', '-c', 'min_wal_size=64MB'];

export interface Servers {
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** As the service logs in. */
  urlOf(service: ServiceName): string;
  /** As superuser. */
  adminUrlOf(service: ServiceName): string;
  /** SIGKILL, and a start on the same data. @returns whether it was running, and died of it */
  killPostgres(): Promise<boolean>;
  killTemporal(): Promise<boolean>;
  /**
   * SIGSTOP: connections stay open, and nothing answers. @returns resumes it, and returns whether it was
   * stopped
   */
  stopTemporal(): () => boolean;
  /** Whether it has ended by itself. */
  postgresEnded(): boolean;
  /** Of Postgres; undefined where none could be mounted. */
  readonly disk: SmallDisk | undefined;
}

/**
 * @param stops what ends them, in the order in which they were started
 * @param planted SQL by database that its owner runs after the migrations
 */
export async function startServers(
  stops: (() => unknown)[],
  planted: Readonly<Partial<Record<ServiceName, string>>>,
): Promise<Servers> {
  const folder = scratchFolder();
  stops.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const [postgresPort, temporalPort] = [await ownPort(), await ownPort()];
  const newTemporal = () =>
    startTemporal({
      cliPath: process.env['TEMPORAL_CLI_PATH'] ?? 'temporal',
      dataDir: folder,
      port: temporalPort,
      namespaces: [NAMESPACE],
    });
  const disk = SmallDisk.mountIn(folder);
  stops.push(() => disk?.unmount());
  const newPostgres = () => startPostgres(disk?.folder ?? folder, postgresPort, disk ? SMALL_LOG : []);
  let postgres: EmbeddedPostgres = await step('starting Postgres', newPostgres);
  stops.push(() => postgres.stop());
  const { adminUrl } = postgres;
  for (const service of SERVICE_NAMES) {
    const ownerUrl = await makeTemplate(adminUrl, service);
    const sql = planted[service];
    if (sql !== undefined) await runAs(ownerUrl, sql);
  }
  let temporal: EmbeddedTemporal = await step('starting Temporal', newTemporal);
  stops.push(() => temporal.stop());
  return {
    temporal: { address: temporal.address, namespace: NAMESPACE },
    urlOf: (service) => databaseUrl(adminUrl, `${service}_template`, `${service}_service`, PASSWORD),
    adminUrlOf: (service) => Object.assign(new URL(adminUrl), { pathname: `/${service}_template` }).href,
    disk,
    postgresEnded: () => postgres.child.ended,
    killPostgres: async () => {
      const killed = await kill(postgres.child);
      postgres = await startAgain(newPostgres);
      return killed;
    },
    killTemporal: async () => {
      const killed = await kill(temporal.child);
      temporal = await startAgain(newTemporal);
      return killed;
    },
    stopTemporal: () => {
      const { process: stopped } = temporal.child;
      stopped.kill('SIGSTOP');
      return () => {
        const stood = isStopped(stopped.pid);
        stopped.kill('SIGCONT');
        return stood;
      };
    },
  };
}

async function kill(child: Child): Promise<boolean> {
  const ran = !child.ended;
  child.process.kill('SIGKILL');
  await child.exit;
  return ran && child.process.signalCode === 'SIGKILL';
}

/** Retries the start: a killed server may leave processes that exit a moment later. */
async function startAgain<Server>(start: () => Promise<Server>): Promise<Server> {
  const deadline = performance.now() + STARTED_AGAIN_WITHIN_MS;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof StartError) || performance.now() > deadline) throw error;
      console.log(`  ${error.message}; retrying in ${String(START_AGAIN_MS)} ms`);
      await sleep(START_AGAIN_MS);
    }
  }
}

async function runAs(url: string, sql: string): Promise<void> {
  await withClient(url, 'fault suite', (client) => client.query(sql));
}
