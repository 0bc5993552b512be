// Finds the `temporal` command line tool, or gets it: it carries the dev server and its UI.
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { step } from './progress.cjs';

const VERSION = '1.5.1';
const MODULE = `github.com/temporalio/cli/cmd/temporal@v${VERSION}`;

/** Outside the checkout, so that another clone need not build it again. */
export function cacheFolder(tool, version) {
  const caches = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return path.join(caches, 'order-saga', `${tool}-${version}`);
}

/**
 * The path of the executable, by: TEMPORAL_CLI_PATH, PATH, our cache, the SDK's download, `go install`.
 *
 * @returns {Promise<string>}
 * @throws {Error} one message with the ways to get it
 */
export async function temporalCli() {
  const named = process.env.TEMPORAL_CLI_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(
      `TEMPORAL_CLI_PATH names ${named}, which does not exist; unset it or name the temporal executable`,
    );
  }
  if (spawnSync('temporal', ['--version']).status === 0) return 'temporal';
  const folder = cacheFolder('temporal-cli', VERSION);
  const cached = path.join(folder, 'temporal');
  if (existsSync(cached)) return cached;
  mkdirSync(path.dirname(folder), { recursive: true });
  // Built aside and moved in as a whole: two that build at once, or one that is killed, do no harm.
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

/** The SDK downloads it to start a server for tests; we start one, stop it, and keep the file. */
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
    return undefined; // no way to the download from here: build it
  }
}

async function built(folder) {
  if (spawnSync('go', ['version']).status !== 0) {
    throw new Error(
      'The Temporal CLI is not here and could not be downloaded. Either install it and put it on PATH (or name it in ' +
        'TEMPORAL_CLI_PATH), or install Go, with which it is built; or set TEMPORAL_ADDRESS to use a running server.',
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
