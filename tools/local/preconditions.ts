/** Checks before anything is started. Each error names the variable to change. */
import { accessSync, constants, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { withClient } from '../../platform/postgres-session';
import { StartError } from './start-error';

/** 200 MB: an empty Postgres needs 40 MB, and its log grows in segments of 16 MB. */
const MIN_FREE_BYTES = 200 * 1024 * 1024;

/** @throws StartError when DATA_DIR cannot be written, or has too little free space */
export function requireDataDir(dataDir: string): void {
  const probe = path.join(dataDir, `.probe-${String(process.pid)}`);
  try {
    mkdirSync(path.join(dataDir, 'logs'), { recursive: true });
    accessSync(dataDir, constants.W_OK);
    writeFileSync(probe, Buffer.alloc(64 * 1024));
    rmSync(probe);
  } catch (error) {
    throw new StartError(
      `DATA_DIR ${dataDir} cannot be written (${codeOf(error)}); set DATA_DIR to a writable directory`,
    );
  }
  const { bavail, bsize } = statfsSync(dataDir);
  if (bavail * bsize < MIN_FREE_BYTES) {
    throw new StartError(
      `DATA_DIR ${dataDir} has ${String(Math.floor((bavail * bsize) / 2 ** 20))} MB free but needs 200 MB; free some space, or set DATA_DIR to another directory`,
    );
  }
}

export interface UsedPort {
  readonly variable: string;
  readonly port: number;
  readonly host: string;
}

/** @throws StartError when a port cannot be listened on, or two variables have the same */
export async function requireFreePorts(ports: readonly UsedPort[]): Promise<void> {
  for (const { variable, port, host } of ports) {
    const other = ports.find((each) => each.port === port && each.variable !== variable);
    if (other && port !== 0)
      throw new StartError(
        `${other.variable} and ${variable} are both ${String(port)}; set ${variable} to a free port`,
      );
    await requireFreePort(variable, port, host);
  }
}

/** @throws StartError when the port cannot be listened on */
export function requireFreePort(variable: string, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      reject(
        new StartError(
          `${variable} ${String(port)} cannot be used (${codeOf(error)}); stop the process that listens there, or set ${variable} to a free port`,
        ),
      );
    });
    server.listen(port, host, () => {
      server.close(() => {
        resolve();
      });
    });
  });
}

/** @throws StartError when the database cannot be queried; never prints the URL's password */
export async function requireDatabase(variable: string, url: string): Promise<void> {
  try {
    await withClient(url, 'start', (client) => client.query('SELECT 1'));
  } catch (error) {
    const { host, pathname } = new URL(url);
    throw new StartError(
      `${variable} cannot be used: ${host}${pathname}: ${codeOf(error)}; check the URL and the server, or unset ${variable} to use the embedded Postgres`,
    );
  }
}

/** A system error's code, or a server's SQLSTATE with its message. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) return error.message;
  return /^[0-9A-Z]{5}$/.test(code) ? `${code} ${error.message}` : code;
}
