/** What must hold before anything is started; each refusal names the variable to change. */
import { accessSync, constants, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { Client } from 'pg';
import { StartError } from './start-error';

/** 200 MB: an empty Postgres takes 40, its log grows by 16 at a time. */
const FREE_NEEDED = 200 * 1024 * 1024;

/** 5 s for a server that is said to be there. */
const REACH_WITHIN_MS = 5_000;

/** @throws StartError when DATA_DIR cannot be written, or has no room */
export function requireDataDir(dataDir: string): void {
  const probe = path.join(dataDir, '.probe');
  try {
    mkdirSync(path.join(dataDir, 'logs'), { recursive: true });
    accessSync(dataDir, constants.W_OK);
    writeFileSync(probe, Buffer.alloc(64 * 1024));
    rmSync(probe);
  } catch (error) {
    throw new StartError(
      `DATA_DIR ${dataDir} cannot be written (${codeOf(error)}); set DATA_DIR to a directory that can`,
    );
  }
  const { bavail, bsize } = statfsSync(dataDir);
  if (bavail * bsize < FREE_NEEDED) {
    throw new StartError(
      `DATA_DIR ${dataDir} has ${String(Math.floor((bavail * bsize) / 2 ** 20))} MB free, 200 are needed; set DATA_DIR to a directory with room`,
    );
  }
}

/** @throws StartError when something listens on the port already */
export function requireFreePort(variable: string, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      reject(
        new StartError(
          `${variable} ${String(port)} cannot be used (${codeOf(error)}); stop what listens there, or set ${variable} to a free port`,
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

/** @throws StartError when the database does not answer; the URL's password is never printed */
export async function requireDatabase(variable: string, url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: REACH_WITHIN_MS });
  try {
    await client.connect();
    await client.query('SELECT 1');
  } catch (error) {
    const { host, pathname } = new URL(url);
    throw new StartError(
      `${variable} cannot be used: ${host}${pathname} answers ${codeOf(error)}; mend it, or unset it to use the embedded Postgres`,
    );
  } finally {
    await client.end().catch((error: unknown) => {
      throw new StartError(`${variable}: ${codeOf(error)}`);
    });
  }
}

/** A short name of what went wrong: a system error's code, or a server's SQLSTATE with its words. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) return error.message;
  return /^[0-9A-Z]{5}$/.test(code) ? `${code} ${error.message}` : code;
}
