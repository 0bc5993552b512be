/**
 * `npm test`: starts one Postgres and one Temporal for the whole run, on free ports and in a folder of
 * their own, runs jest against them, and leaves nothing behind. Arguments go to jest; without any, every test runs,
 * in three runs of jest.
 */
import { rmSync } from 'node:fs';
import { SERVICE_NAMES } from '../prisma/schema-engine';
import { exitWith, runJest, testNamespaces } from './jest-run';
import { startPostgres } from './postgres';
import { step } from './progress.cjs';
import { freePort, makeTemplate, scratchFolder } from './scratch-postgres';
import { startTemporal } from './temporal';

/**
 * The simulator first, in processes of its own: after dozens of other test files in one process it took ten times as long. The
 * fault suite last: it loads a whole system and breaks it, and a test beside it would be judged by what it left of the machine.
 */
const EVERY_TEST = [['test/simulator/'], ['^(?!.*(/fault-suite\\.|test/simulator/))'], ['/fault-suite\\.']];

async function main(): Promise<number> {
  const folder = scratchFolder();
  const args = process.argv.slice(2);
  const [postgresPort, temporalPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  const stops: (() => Promise<void>)[] = [];
  try {
    const [adminUrl, temporalAddress] = await Promise.all([
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
    ]);
    const metricsUrl = `http://127.0.0.1:${String(metricsPort)}/metrics`;
    return await runJest(
      { adminUrl, temporalAddress, metricsUrl },
      folder,
      args.length > 0 ? [args] : EVERY_TEST,
    );
  } finally {
    await Promise.all(stops.map((stop) => stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

exitWith(main);
