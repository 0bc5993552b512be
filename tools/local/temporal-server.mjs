// Builds Temporal's production server and its schema tool once, in the same cache as the CLI.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { oneAtATime } from './one-at-a-time.cjs';
import { step } from './progress.cjs';
import { cacheFolder } from './temporal-cli.mjs';

const VERSION = '1.32.1';
const MODULES = ['server', 'tools/sql'].map((tool) => `go.temporal.io/server/cmd/${tool}@v${VERSION}`);

/**
 * Builds the executables `server` and `sql` unless they are cached.
 *
 * @returns {Promise<string>} their folder
 * @throws {Error} when they are not cached and Go is not installed
 */
export async function temporalServer() {
  const folder = cacheFolder('temporal-server', VERSION);
  return oneAtATime(folder, () => cachedServer(folder));
}

async function cachedServer(folder) {
  if (existsSync(path.join(folder, 'server')) && existsSync(path.join(folder, 'sql'))) return folder;
  if (spawnSync('go', ['version']).status !== 0) {
    throw new Error("Temporal's production server is built with Go, which is not installed. Install Go.");
  }
  mkdirSync(path.dirname(folder), { recursive: true });
  const draft = mkdtempSync(path.join(path.dirname(folder), 'getting-temporal-'));
  try {
    await step("building Temporal's production server with Go (once; about 6 minutes on two cores)", () =>
      promisify(execFile)('go', ['install', ...MODULES], {
        env: { ...process.env, GOBIN: draft },
        maxBuffer: 64 * 1024 * 1024,
      }),
    );
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    return folder;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
