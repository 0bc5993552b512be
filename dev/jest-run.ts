/** One run of jest against servers that run already, and the last line that says how it went. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { BUNDLE_PATH } from '../workers/bundle-path';
import { ROOT } from './paths';

const resultsSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});

export interface TestedServers {
  /** Of the Postgres superuser. */
  readonly adminUrl: string;
  readonly temporalAddress: string;
  /** Prometheus metrics of the Temporal server. */
  readonly metricsUrl: string;
}

/** Each test file has a namespace of its own, known to the server from its start. */
export function testNamespaces(): string[] {
  const all = readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
  return all.filter((file) => file.endsWith('.test.ts')).map((file) => path.basename(file, '.test.ts'));
}

/**
 * @param folder where the results go
 * @param args to jest
 * @returns the exit code: 0 when at least one test passed and none failed
 */
export async function runJest(
  servers: TestedServers,
  folder: string,
  args: readonly string[],
): Promise<number> {
  const outputFile = path.join(folder, 'results.json');
  const jest: ChildProcess = spawn(
    process.execPath,
    ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${outputFile}`, ...args],
    {
      cwd: ROOT,
      stdio: ['inherit', 'ignore', 'inherit'],
      env: {
        ...process.env,
        TEST_POSTGRES_URL: servers.adminUrl,
        TEST_TEMPORAL_ADDRESS: servers.temporalAddress,
        TEST_TEMPORAL_METRICS_URL: servers.metricsUrl,
        TEST_WORKFLOW_BUNDLE: BUNDLE_PATH,
      },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => jest.kill(signal));
  await new Promise((resolve) => jest.once('exit', resolve));
  return report(outputFile);
}

/** Runs `main` to its exit code; what it throws is a failed run. */
export function exitWith(main: () => Promise<number>): void {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      console.log('0 passed, 1 failed');
      process.exitCode = 1;
    },
  );
}

function report(outputFile: string): number {
  if (!existsSync(outputFile)) {
    console.log('0 passed, 1 failed');
    return 1;
  }
  const results = resultsSchema.parse(JSON.parse(readFileSync(outputFile, 'utf8')));
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests > 0 ? `, ${String(results.numPendingTests)} skipped` : '';
  console.log(`${String(results.numPassedTests)} passed, ${String(failed)} failed${skipped}`);
  return failed === 0 && results.numPassedTests > 0 ? 0 : 1;
}
