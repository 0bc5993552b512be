/**
 * `npm run test:production`: the e2e suite, and the services as processes of their own under kills, against
 * Temporal's production server on Postgres. Arguments go to jest.
 */
import { SERVICE_NAMES } from '../../prisma/schema-engine';
import { rmSync } from 'node:fs';
import { runJest, runTests, testNamespaces } from '../../tools/local/jest-run';
import { startPostgres } from '../../tools/local/postgres';
import { step } from '../../tools/local/progress.cjs';
import { freePort } from '../../tools/local/free-port';
import { makeTemplate, scratchFolder } from '../../tools/local/scratch-postgres';
import { SEARCH_ATTRIBUTES } from '../../workers/search-attributes';
import { prepareTemporal } from '../../platform/temporal-namespace';
import { startProductionTemporal } from './temporal-server';

const SUITE = ['test/e2e', 'test/faults/worker-killed', 'test/faults/distributed-killed'];

/** These start the product by its own commands, which register the search attribute where it is missing. */
const PREPARED_BY_THE_PRODUCT = ['worker-killed', 'distributed-killed'];

/** A new search attribute is known to every role of the server only after its caches are refreshed. */
const REGISTRATION_TIMEOUT_MS = 90_000;
const REGISTRATION_POLL_MS = 500;

async function runOnProduction(given: readonly string[]): Promise<number> {
  const binaries = process.env['TEMPORAL_SERVER_PATH'] ?? '';
  const folder = scratchFolder();
  const stops: (() => Promise<void>)[] = [];
  try {
    const adminUrl = await step('starting Postgres', async () => {
      const postgres = await startPostgres(folder, await freePort());
      stops.push(() => postgres.stop());
      for (const service of SERVICE_NAMES) await makeTemplate(postgres.adminUrl, service);
      return postgres.adminUrl;
    });
    const temporal = await step("starting Temporal's production server", async () => {
      const namespaces = testNamespaces();
      const server = await startProductionTemporal({ binaries, folder, adminUrl, namespaces });
      stops.push(() => server.stop());
      return server;
    });
    await step('registering the search attribute', () => prepareNamespaces(temporal.address));
    const args = given.length > 0 ? given : SUITE;
    const servers = { adminUrl, temporalAddress: temporal.address, metricsUrl: temporal.metricsUrl };
    return await runJest(servers, folder, [[args]]);
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A namespace that was registered a moment ago is not known everywhere yet: retries until it is. */
async function prepareNamespaces(address: string): Promise<void> {
  const deadline = Date.now() + REGISTRATION_TIMEOUT_MS;
  for (const namespace of testNamespaces()) {
    if (PREPARED_BY_THE_PRODUCT.includes(namespace)) continue;
    for (;;) {
      try {
        await prepareTemporal({ address, namespace }, SEARCH_ATTRIBUTES);
        break;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, REGISTRATION_POLL_MS));
      }
    }
  }
}

runTests("npm run test:production   the e2e tests, on Temporal's production server", runOnProduction);
