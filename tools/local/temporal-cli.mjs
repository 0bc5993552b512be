// Finds or installs the Temporal CLI, which includes the dev server and its UI.
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { oneAtATime } from './one-at-a-time.cjs';
import { step } from './progress.cjs';

const VERSION = '1.5.1';
const MODULE = `github.com/temporalio/cli/cmd/temporal@v${VERSION}`;

/** Outside the checkout, so that other clones share the build. */
export function cacheFolder(tool, version) {
  const caches = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return path.join(caches, 'order-saga', `${tool}-${version}`);
}

/**
 * Looks in this order: TEMPORAL_CLI_PATH, PATH, the cache, the SDK's download, `go install`.
 *
 * @returns {Promise<string>} the path of the executable
 * @throws {Error} with the ways to install it
 */
export async function temporalCli() {
  const named = process.env.TEMPORAL_CLI_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(
      `TEMPORAL_CLI_PATH is ${named}, which does not exist; set it to the temporal executable, or unset it`,
    );
  }
  if (spawnSync('temporal', ['--version']).status === 0) return 'temporal';
  const folder = cacheFolder('temporal-cli', VERSION);
  return oneAtATime(folder, () => cachedCli(folder));
}

async function cachedCli(folder) {
  const cached = path.join(folder, 'temporal');
  if (existsSync(cached)) return cached;
  mkdirSync(path.dirname(folder), { recursive: true });
  // Built in a temporary folder and renamed, so that concurrent or interrupted builds leave no partial file.
  const draft = mkdtempSync(path.join(path.dirname(folder), 'getting-temporal-'));
  try {
    const got = (await downloaded(draft)) ?? (await built(draft));
    mkdirSync(folder, { recursive: true });
    chmodSync(got, 0o755);
    renameSync(got, cached);
    return cached;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Starts and stops the SDK's test server, which downloads the CLI, and keeps the file. */
async function downloaded(folder) {
  try {
    return await step('downloading the Temporal CLI', async () => {
      const { TestWorkflowEnvironment } = await import('@temporalio/testing');
      const executable = { type: 'cached-download', version: `v${VERSION}`, downloadDir: folder };
      const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
      await environment.teardown();
      const file = readdirSync(folder).find((name) => name.startsWith('temporal'));
      return file && path.join(folder, file);
    });
  } catch {
    return undefined; // the download failed: build it instead
  }
}

async function built(folder) {
  if (spawnSync('go', ['version']).status !== 0) {
    throw new Error(
      'The Temporal CLI is not installed and could not be downloaded. Install it on PATH or set TEMPORAL_CLI_PATH; ' +
        'or install Go to build it; or set TEMPORAL_ADDRESS to use a running server.',
    );
  }
  await step('building the Temporal CLI with Go (once; about 4 minutes on two cores)', () =>
    promisify(execFile)('go', ['install', MODULE], {
      env: { ...process.env, GOBIN: folder },
      maxBuffer: 64 * 1024 * 1024,
    }),
  );
  return path.join(folder, os.platform() === 'win32' ? 'temporal.exe' : 'temporal');
}
