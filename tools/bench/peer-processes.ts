/** Starts the product's placements and the other engines, each in processes of its own, one after the other. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { withClient } from '../../platform/postgres-session';
import { ROOT } from '../../platform/project-paths';
import { childOf, endWithThisProcess, stopChild } from '../local/child';
import { freePort } from '../local/free-port';
import { ProductProcess } from '../local/product-process';
import { step } from '../local/progress.cjs';
import { scratchFolder } from '../local/scratch-postgres';
import { serverEnvironment } from '../local/server-environment';
import { until } from '../local/until';
import { startDistributed, startShipped } from './product';
import type { BenchServers } from './servers';

/** The namespace of those that run on Temporal, one at a time. */
export const PEER_NAMESPACE = 'peers';

const PEERS = path.join(ROOT, 'tools', 'bench', 'peers');
const READY_WITHIN_MS = 60_000;
const READY_POLL_MS = 100;
const STOP_WITHIN_MS = 15_000;

interface Running {
  readonly url: string;
  /** The last of what it has printed. */
  readonly output?: () => string;
  stop(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** Of the orders: a slow engine places fewer. */
  readonly share: number;
  readonly start: (servers: BenchServers) => Promise<Running>;
}

export const CONTENDERS: readonly Contender[] = [
  { name: 'order saga, colocated', share: 1, start: (servers) => startShipped(servers, PEER_NAMESPACE) },
  {
    name: 'order saga, one process of each kind',
    share: 1,
    start: (servers) => startDistributed(servers, PEER_NAMESPACE),
  },
  { name: 'order saga, start:distributed', share: 1, start: startAsDistributed },
  { name: 'Restate', share: 1 / 2, start: startRestate },
  { name: 'DBOS', share: 1 / 2, start: startDbos },
  {
    name: 'Temporal, three activities',
    share: 1 / 8,
    start: (servers) =>
      startPeer(servers, 'temporal.mjs', {
        TEMPORAL_ADDRESS: servers.temporalAddress,
        TEMPORAL_NAMESPACE: PEER_NAMESPACE,
      }),
  },
  {
    name: 'the three statements alone',
    share: 1,
    start: (servers) => startPeer(servers, 'statements.mjs', {}),
  },
];

/** Installs the other engines beside their programs, when they are not there yet. */
export async function installPeers(): Promise<void> {
  if (existsSync(path.join(PEERS, 'node_modules'))) return;
  await step('installing Restate and DBOS', () =>
    promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: PEERS }),
  );
}

async function startPeer(
  { databases }: BenchServers,
  program: string,
  env: NodeJS.ProcessEnv,
): Promise<Running> {
  const port = await freePort();
  return startProcess(process.execPath, [path.join(PEERS, program)], `http://127.0.0.1:${String(port)}`, {
    PORT: String(port),
    NODE_ENV: 'production',
    ORDER_DATABASE_URL: databases.orderUrl,
    CUSTOMER_DATABASE_URL: databases.customerUrl,
    ...env,
  });
}

/** Its server syncs its log for each step, as Restate ships it. */
async function startRestate(servers: BenchServers): Promise<Running> {
  const folder = scratchFolder();
  const [nodes, ingress, admin, handlers] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const server = await startProcess(
    path.join(PEERS, 'node_modules', '.bin', 'restate-server'),
    ['--no-logo', '--listen-mode', 'tcp', '--base-dir', path.join(folder, 'restate')],
    `http://127.0.0.1:${String(admin)}`,
    {
      RESTATE_BIND_PORT: String(nodes),
      RESTATE_INGRESS__BIND_PORT: String(ingress),
      RESTATE_ADMIN__BIND_PORT: String(admin),
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
    '/health',
  );
  const api = await startPeer(servers, 'restate.mjs', {
    HANDLERS_PORT: String(handlers),
    RESTATE_INGRESS_URL: `http://127.0.0.1:${String(ingress)}`,
    RESTATE_ADMIN_URL: server.url,
  });
  return {
    ...api,
    stop: async () => {
      await api.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Its state is in a database of its own, on the same Postgres. */
async function startDbos(servers: BenchServers): Promise<Running> {
  const url = Object.assign(new URL(servers.adminUrl('order')), { pathname: '/bench_dbos' });
  await withClient(servers.adminUrl('order'), 'bench', async (client) => {
    const { rowCount } = await client.query(`SELECT FROM pg_database WHERE datname = 'bench_dbos'`);
    if (rowCount === 0) await client.query('CREATE DATABASE bench_dbos');
  });
  return startPeer(servers, 'dbos.mjs', { DBOS_DATABASE_URL: url.href });
}

/** `npm run start:distributed` as it ships, with servers of its own. */
async function startAsDistributed(): Promise<Running> {
  const folder = scratchFolder();
  const started = new ProductProcess({
    name: 'npm run start:distributed',
    script: 'tools/local/distributed.js',
    port: await freePort(),
    env: {
      ...serverEnvironment(folder),
      TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'],
      DATA_DIR: folder,
      POSTGRES_PORT: String(await freePort()),
      TEMPORAL_PORT: String(await freePort()),
      TEMPORAL_UI_PORT: String(await freePort()),
    },
  });
  started.start();
  await started.ready(READY_WITHIN_MS);
  return {
    url: started.url,
    stop: async () => {
      await started.stop(STOP_WITHIN_MS);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a process, and waits until it answers at the path. */
async function startProcess(
  command: string,
  args: readonly string[],
  url: string,
  env: NodeJS.ProcessEnv,
  ready = '/readyz',
): Promise<Running> {
  let output = '';
  const spawned = spawn(command, args, {
    cwd: PEERS,
    detached: true,
    env: { ...serverEnvironment(PEERS), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [spawned.stdout, spawned.stderr])
    stream.on('data', (text: Buffer) => {
      output = `${output}${text.toString()}`.slice(-2_000);
    });
  endWithThisProcess(spawned);
  const child = childOf(command, spawned);
  const answers = () =>
    fetch(`${url}${ready}`).then(
      ({ ok }) => ok,
      () => child.ended,
    );
  const isReady = await until(answers, { everyMs: READY_POLL_MS, withinMs: READY_WITHIN_MS });
  if (!isReady || child.ended) throw new Error(`${[command, ...args].join(' ')} did not start:\n${output}`);
  return { url, output: () => output, stop: () => stopChild(child, 'SIGTERM', STOP_WITHIN_MS) };
}
