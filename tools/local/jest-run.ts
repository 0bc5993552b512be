/** Runs jest one or more times against running servers and prints the totals as the last line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { oneLine, runCommand } from '../../platform/command';
import { BUNDLE_PATH } from '../../workers/bundle-path';
import { ROOT } from '../../platform/project-paths';
import { onStopSignals } from '../../platform/stop-signals';
import { endWithThisProcess } from './child';
import { testEnvironment } from './server-environment';
import { testNamespace } from './test-namespace';

/** Times in milliseconds since the epoch; the message is empty unless the file or a test of it failed. */
const fileSchema = z.object({
  name: z.string(),
  startTime: z.number(),
  endTime: z.number(),
  message: z.string(),
  assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
});

const resultsSchema = z.object({
  testResults: z.array(fileSchema),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});

const SLOWEST_SHOWN = 10;

/** The option that is not jest's: the long tier. */
export const LONG = '--long';

export interface TestedServers {
  /** URL of the Postgres superuser. */
  readonly adminUrl: string;
  readonly temporalAddress: string;
  /** URL of the Temporal server's Prometheus metrics. */
  readonly metricsUrl: string;
}

/** Each test file has its own namespace, which the server creates when it starts. */
export function testNamespaces(): string[] {
  const all = readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
  return all.filter((file) => file.endsWith('.test.ts')).map(testNamespace);
}

/** Runs of jest at the same time, each with its arguments. */
export type Stage = readonly (readonly string[])[];

/**
 * @param folder for the result files
 * @param stages one after the other; a signal ends the current one and skips the others
 * @returns the exit code: 0 when at least one test passed and none failed
 */
export async function runJest(
  servers: TestedServers,
  folder: string,
  stages: readonly Stage[],
): Promise<number> {
  let running: readonly ChildProcess[] = [];
  const interrupted = new AbortController();
  onStopSignals(
    (signal) => {
      interrupted.abort();
      for (const jest of running) jest.kill(signal);
    },
    () => {
      for (const jest of running) jest.kill('SIGKILL');
    },
  );
  const outputFiles: string[] = [];
  for (const runs of stages) {
    const files = runs.map((_, run) => path.join(folder, `results-${String(outputFiles.length + run)}.json`));
    outputFiles.push(...files);
    if (interrupted.signal.aborted) continue;
    running = runs.map((args, run) => startJest(servers, files[run] ?? '', args));
    await Promise.all(running.map((jest) => once(jest, 'exit')));
  }
  return report(outputFiles);
}

function startJest(servers: TestedServers, outputFile: string, args: readonly string[]): ChildProcess {
  const jest = spawn(
    process.execPath,
    ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${outputFile}`, ...args],
    {
      cwd: ROOT,
      stdio: ['inherit', 'ignore', 'inherit'],
      env: {
        ...testEnvironment(),
        TEST_POSTGRES_URL: servers.adminUrl,
        TEST_TEMPORAL_ADDRESS: servers.temporalAddress,
        TEST_TEMPORAL_METRICS_URL: servers.metricsUrl,
        TEST_WORKFLOW_BUNDLE: BUNDLE_PATH,
      },
    },
  );
  endWithThisProcess(jest);
  return jest;
}

/**
 * Runs a command whose arguments go to jest.
 *
 * @param run returns the exit code; an exception counts as one failed test
 */
export function runTests(usage: string, run: (args: readonly string[]) => Promise<number>): void {
  runCommand({
    usage: `${usage}\n\nOther arguments go to jest: paths of tests, and the options of https://jestjs.io/docs/cli.`,
    read: async (args) => {
      const { buildArgv } = await import('jest');
      await buildArgv(args.filter((arg) => arg !== LONG));
      return args;
    },
    run: (args) =>
      run(args).catch((error: unknown) => {
        console.error(oneLine(error));
        console.log('0 passed, 1 failed');
        return 1;
      }),
  });
}

/** A run without a result file counts as one failed test. */
function report(outputFiles: readonly string[]): number {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const files: z.infer<typeof fileSchema>[] = [];
  for (const outputFile of outputFiles) {
    if (!existsSync(outputFile)) {
      total.failed += 1;
      continue;
    }
    const results = resultsSchema.parse(JSON.parse(readFileSync(outputFile, 'utf8')));
    files.push(...results.testResults);
    total.passed += results.numPassedTests;
    total.failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
    total.skipped += results.numPendingTests;
  }
  if (files.length > SLOWEST_SHOWN) reportSlowest(files);
  reportFailed(files);
  const { passed, failed, skipped } = total;
  const andSkipped = skipped > 0 ? `, ${String(skipped)} skipped` : '';
  console.log(`${String(passed)} passed, ${String(failed)} failed${andSkipped}`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

function reportSlowest(files: readonly z.infer<typeof fileSchema>[]): void {
  const timed = files.map(({ name, startTime, endTime }) => ({
    file: path.relative(ROOT, name),
    seconds: (endTime - startTime) / 1_000,
  }));
  timed.sort((one, other) => other.seconds - one.seconds);
  console.log(`The ${String(SLOWEST_SHOWN)} slowest test files:`);
  for (const { file, seconds } of timed.slice(0, SLOWEST_SHOWN))
    console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
}

/** One line for each failed test, and for each file that failed outside its tests. */
function reportFailed(files: readonly z.infer<typeof fileSchema>[]): void {
  for (const { name, message, assertionResults } of files) {
    if (message === '') continue;
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    const titles = failed.length > 0 ? failed.map(({ fullName }) => fullName) : ['the file itself'];
    for (const title of titles) console.log(`failed: ${path.relative(ROOT, name)}: ${title}`);
  }
}
