/** A temporary Postgres for one command, in its own folder, removed afterwards. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { withClient } from '../../platform/postgres-session';
import { applyMigrations } from '../../prisma/migrate';
import { provision } from '../../prisma/provision';
import type { ServiceName } from '../../prisma/schema-engine';
import { freePort } from './free-port';
import { startPostgres } from './postgres';

/** For all roles; the server exists only while the command runs. */
const PASSWORD = 'test';

/** @returns a folder that Postgres can also use when it runs as another user */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-'));
  chmodSync(folder, 0o755);
  mkdirSync(path.join(folder, 'logs'));
  return folder;
}

export async function withScratchPostgres<T>(work: (adminUrl: string) => Promise<T>): Promise<T> {
  const folder = scratchFolder();
  try {
    const postgres = await startPostgres(folder, await freePort());
    try {
      return await work(postgres.adminUrl);
    } finally {
      await postgres.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Creates a database with a service's roles and empty tables.
 *
 * @returns the URL of its owner
 */
export async function makeTemplate(adminUrl: string, service: ServiceName): Promise<string> {
  const { ownerUrl } = await provision(adminUrl, {
    database: `${service}_template`,
    owner: `${service}_owner`,
    ownerPassword: PASSWORD,
    login: `${service}_service`,
    loginPassword: PASSWORD,
  });
  await applyMigrations(service, ownerUrl);
  return ownerUrl;
}

/**
 * Creates a database and runs `script` in it.
 *
 * @returns its URL for the superuser
 */
export async function makeEmpty(adminUrl: string, database: string, script: string): Promise<string> {
  await runScript(adminUrl, `CREATE DATABASE ${database}`);
  const url = Object.assign(new URL(adminUrl), { pathname: `/${database}` }).href;
  await runScript(url, script);
  return url;
}

async function runScript(url: string, script: string): Promise<void> {
  await withClient(url, 'script', (client) => client.query(script));
}
