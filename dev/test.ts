/**
 * `npm test`: starts one Postgres and one Temporal for the whole run, on free ports and in a folder of
 * their own, runs jest against them, and leaves nothing behind. Arguments go to jest.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { BUNDLE_PATH } from '../workers/bundle-path';
import { ROOT } from './paths';
import { startPostgres } from './postgres';
import { step } from './progress.cjs';
import { freePort, makeTemplate, scratchFolder } from './scratch-postgres';
import { startTemporal } from './temporal';

const resultsSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});

async function main(): Promise<number> {
  const folder = scratchFolder();
  const [postgresPort, temporalPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  const stops: (() => Promise<void>)[] = [];
  let jest: ReturnType<typeof spawn> | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => jest?.kill(signal));
  try {
    const [adminUrl, address] = await Promise.all([
      step('starting Postgres', async () => {
        const postgres = await startPostgres(folder, postgresPort);
        stops.push(() => postgres.stop());
        for (const service of ['order', 'customer'] as const) await makeTemplate(postgres.adminUrl, service);
        return postgres.adminUrl;
      }),
      step('starting Temporal', async () => {
        const cliPath = process.env['TEMPORAL_CLI_PATH'] ?? 'temporal';
        const namespaces = testFiles().map(testNamespace);
        const temporal = await startTemporal({
          cliPath,
          dataDir: folder,
          port: temporalPort,
          metricsPort,
          namespaces,
        });
        stops.push(() => temporal.stop());
        return temporal.address;
      }),
    ]);
    const outputFile = path.join(folder, 'results.json');
    jest = spawn(
      process.execPath,
      ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${outputFile}`, ...process.argv.slice(2)],
      {
        cwd: ROOT,
        stdio: ['inherit', 'ignore', 'inherit'],
        env: {
          ...process.env,
          TEST_POSTGRES_URL: adminUrl,
          TEST_TEMPORAL_ADDRESS: address,
          TEST_TEMPORAL_METRICS_URL: `http://127.0.0.1:${String(metricsPort)}/metrics`,
          TEST_WORKFLOW_BUNDLE: BUNDLE_PATH,
        },
      },
    );
    await new Promise((resolve) => jest?.once('exit', resolve));
    return report(outputFile);
  } finally {
    await Promise.all(stops.map((stop) => stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each test file has a namespace of its own, known to the server from its start. */
function testNamespace(file: string): string {
  return path.basename(file, '.test.ts');
}

function testFiles(): string[] {
  const all = readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
  return all.filter((file) => file.endsWith('.test.ts'));
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
