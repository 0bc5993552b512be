/** Temporal's production server, all its roles in one process, its data in Postgres. */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { type Child, spawnServer, stopChild } from '../../tools/local/child';
import { requireFreePort } from '../../tools/local/preconditions';
import { withClient } from '../../platform/postgres-session';
import { ROOT } from '../../platform/project-paths';
import { freePort } from '../../tools/local/free-port';

/** The role and its two databases are Temporal's own; the services' roles cannot reach them. */
const ROLE = 'temporal';
const PASSWORD = 'temporal';
const STORES = { temporal: 'postgresql/v12/temporal', temporal_visibility: 'postgresql/v12/visibility' };

/** Four shards: as many as a small cluster, and more than the one of the dev server. */
const HISTORY_SHARDS = 4;

/** 90 s: four roles find each other, on a busy machine. */
const READY_WITHIN_MS = 90_000;
const READY_POLL_MS = 200;
const STOP_WITHIN_MS = 10_000;
const LINES_SHOWN = 5;
const LINE_SHOWN = 400;

const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_767;

/** Histories of a run are read by its tests only. */
const RETENTION = '1 day';

export interface ProductionTemporal {
  readonly address: string;
  readonly metricsUrl: string;
  readonly child: Child;
  stop(): Promise<void>;
}

export interface ProductionTemporalOptions {
  /** Where the `server` and `sql` executables are. */
  readonly binaries: string;
  readonly folder: string;
  /** Of the Postgres superuser. */
  readonly adminUrl: string;
  readonly namespaces: readonly string[];
}

export async function startProductionTemporal(
  options: ProductionTemporalOptions,
): Promise<ProductionTemporal> {
  const { binaries, folder, adminUrl, namespaces } = options;
  const { hostname, port } = new URL(adminUrl);
  await makeDatabases(adminUrl);
  for (const [database, schema] of Object.entries(STORES)) {
    const connection = ['--plugin', 'postgres12', '--endpoint', hostname, '--port', port];
    const login = ['--user', ROLE, '--password', PASSWORD, '--database', database];
    const sql = (...args: string[]) =>
      promisify(execFile)(path.join(binaries, 'sql'), [...connection, ...login, ...args]);
    await sql('setup-schema', '--version', '0.0');
    await sql('update-schema', '--schema-name', schema);
  }
  const [frontend, metrics] = [await lowFreePort(), await freePort()];
  const configFile = path.join(folder, 'temporal.json');
  writeFileSync(configFile, JSON.stringify(await configuration(`${hostname}:${port}`, frontend, metrics)));
  const logFile = path.join(folder, 'logs', 'temporal.log');
  const log = openSync(logFile, 'a');
  const child = spawnServer(
    'temporal',
    path.join(binaries, 'server'),
    ['--config-file', configFile, '--allow-no-auth', 'start'],
    log,
    folder,
  );
  const address = `127.0.0.1:${String(frontend)}`;
  await registerNamespaces(address, namespaces, child).catch((cause: unknown) => {
    const last = readFileSync(logFile, 'utf8')
      .trim()
      .split('\n')
      .slice(-LINES_SHOWN)
      .map((line) => line.slice(0, LINE_SHOWN))
      .join('\n');
    throw new Error(`Temporal was not ready in time; its log ends with:\n${last}`, { cause });
  });
  return {
    address,
    metricsUrl: `http://127.0.0.1:${String(metrics)}/metrics`,
    child,
    stop: () => stopChild(child, 'SIGTERM', STOP_WITHIN_MS),
  };
}

/** Below 32,768: its membership table holds ports as a signed smallint. */
async function lowFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    const free = await requireFreePort('a port', port, '127.0.0.1').then(
      () => true,
      () => false,
    );
    if (free) return port;
  }
}

async function makeDatabases(adminUrl: string): Promise<void> {
  await withClient(adminUrl, 'test', async (admin) => {
    await admin.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
    for (const database of Object.keys(STORES))
      await admin.query(`CREATE DATABASE ${database} OWNER ${ROLE}`);
  });
}

/** JSON, which its YAML reader takes as well. */
async function configuration(connectAddr: string, frontend: number, metrics: number) {
  const store = (databaseName: string) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr,
      connectProtocol: 'tcp',
      user: ROLE,
      password: PASSWORD,
      maxConns: 20,
      maxIdleConns: 20,
    },
  });
  const role = async (grpcPort: number) => ({
    rpc: { grpcPort, membershipPort: await lowFreePort(), bindOnLocalHost: true },
  });
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: HISTORY_SHARDS,
      datastores: { default: store('temporal'), visibility: store('temporal_visibility') },
    },
    global: {
      membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' },
      metrics: { prometheus: { timerType: 'histogram', listenAddress: `127.0.0.1:${String(metrics)}` } },
    },
    services: {
      frontend: await role(frontend),
      history: await role(await lowFreePort()),
      matching: await role(await lowFreePort()),
      worker: await role(await lowFreePort()),
    },
    clusterMetadata: {
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${String(frontend)}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: path.join(ROOT, 'deploy/docker/temporal.yaml'), pollInterval: '10s' },
  };
}

async function registerNamespaces(
  address: string,
  namespaces: readonly string[],
  child: Child,
): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  const waiting = [...namespaces];
  while (waiting.length > 0) {
    if (child.ended || Date.now() > deadline) throw new Error('Temporal was not ready in time');
    const connection = await Connection.connect({ address, connectTimeout: READY_POLL_MS }).catch(
      () => undefined,
    );
    try {
      for (const namespace of [...waiting]) {
        await connection?.workflowService.registerNamespace({
          namespace,
          workflowExecutionRetentionPeriod: msToTs(RETENTION),
        });
        if (connection) waiting.splice(waiting.indexOf(namespace), 1);
      }
    } catch {
      // Its roles have not found each other yet.
    } finally {
      await connection?.close();
    }
    if (waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}
