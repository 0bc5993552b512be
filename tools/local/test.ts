/**
 * `npm test` and `npm run test:long`: start one Postgres and one Temporal on free ports and in a temporary folder, run
 * jest against them, and remove everything. Without arguments, every test of the tier runs.
 */
import { rmSync } from 'node:fs';
import { SERVICE_NAMES } from '../../prisma/schema-engine';
import { LONG, runJest, runTests, type Stage, testNamespaces } from './jest-run';
import { startPostgres } from './postgres';
import { step } from './progress.cjs';
import { freePort } from './free-port';
import { makeTemplate, scratchFolder } from './scratch-postgres';
import { startTemporal } from './temporal';

/**
 * The stages of each tier. The simulator has its own run of jest: in a process that has run dozens of other test files it
 * takes ten times as long. The fault suite has a stage of its own: its load would slow concurrent tests. A file named
 * `….long.test.ts` takes more than ten seconds of a processor: it belongs to its folder, and runs with the long tests.
 */
const TIERS: Readonly<Record<'short' | 'long', readonly Stage[]>> = {
  short: [[['/simulator/interleavings\\.'], ['^(?!.*(test/(simulator|faults)/|\\.long\\.test))']]],
  long: [
    [['test/simulator/(?!interleavings\\.)']],
    [['test/faults/(?!fault-suite\\.)', '\\.long\\.test']],
    [['/faults/fault-suite\\.']],
  ],
};

async function runTier(given: readonly string[]): Promise<number> {
  const folder = scratchFolder();
  const args = given.filter((arg) => arg !== LONG);
  const tier = given.includes(LONG) ? TIERS.long : TIERS.short;
  const [postgresPort, temporalPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  const stops: (() => Promise<void>)[] = [];
  try {
    const starting = [
      step('starting Postgres', async () => {
        const postgres = await startPostgres(folder, postgresPort);
        stops.push(() => postgres.stop());
        for (const service of SERVICE_NAMES) await makeTemplate(postgres.adminUrl, service);
        return postgres.adminUrl;
      }),
      step('starting Temporal', async () => {
        const temporal = await startTemporal({
          cliPath: process.env['TEMPORAL_CLI_PATH'] ?? 'temporal',
          dataDir: folder,
          port: temporalPort,
          metricsPort,
          namespaces: testNamespaces(),
        });
        stops.push(() => temporal.stop());
        return temporal.address;
      }),
    ] as const;
    // When one fails, wait for the other too, so that it can be stopped.
    await Promise.allSettled(starting);
    const [adminUrl, temporalAddress] = await Promise.all(starting);
    const metricsUrl = `http://127.0.0.1:${String(metricsPort)}/metrics`;
    return await runJest(
      { adminUrl, temporalAddress, metricsUrl },
      folder,
      args.length > 0 ? [[args]] : tier,
    );
  } finally {
    await Promise.all(stops.map((stop) => stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

runTests(
  `npm test                  the tests, on servers of their own; npm test -- test/unit: one folder, or one file
npm run test:long         the long tests: faults, outages, restores, upgrades, the simulator
npm run replay:record     records the histories of test/replay again`,
  runTier,
);
