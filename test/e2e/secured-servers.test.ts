/** Servers that require TLS and credentials: Temporal by its standard environment configuration, Postgres by its URL. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startService } from '../../api/service';
import { SEARCH_ATTRIBUTES } from '../../workers/search-attributes';
import { readConfig } from '../../platform/config';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime, prepareTemporal } from '../../platform/temporal';
import { createTestDatabases, rowsOf, type TestDatabases } from '../support/databases';
import { newCustomer, placeOrder, WAIT } from '../support/http';
import { postgresTlsProxy } from '../support/postgres-tls-proxy';
import { operatorCommand } from '../support/operator-command';
import { testServers } from '../support/servers';
import { commonSettings, orderSettings } from '../support/system';
import { AUTHORITY_PATH, type TemporalTlsProxy, temporalTlsProxy } from '../support/temporal-tls-proxy';

let databases: TestDatabases;
let proxy: TemporalTlsProxy;

beforeAll(async () => {
  installTemporalRuntime(createLogger('silent'));
  databases = await createTestDatabases();
  proxy = await temporalTlsProxy(testServers().temporal.address, 'the-key');
});
afterAll(async () => {
  await proxy.close();
  await databases.drop();
});

function environment(more: Record<string, string>) {
  return {
    TEMPORAL_ADDRESS: proxy.address,
    TEMPORAL_NAMESPACE: testServers().temporal.namespace,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: AUTHORITY_PATH,
    ...more,
  };
}

/** The server as the environment names it. */
function named(env: Record<string, string>) {
  const { temporal } = readConfig(env);
  if (!temporal) throw new Error('the environment names no server');
  return temporal;
}

async function approvedThrough(env: Record<string, string>): Promise<void> {
  const temporal = named(env);
  await prepareTemporal(temporal, SEARCH_ATTRIBUTES);
  const before = proxy.calls();
  const service = await startService(
    {
      ...commonSettings(),
      temporal,
      order: orderSettings(databases.orderUrl),
      customer: { databaseUrl: databases.customerUrl },
    },
    createLogger('silent'),
  );
  const customer = await newCustomer(service.url, '10.00');
  expect((await placeOrder(service.url, customer, '10.00', WAIT)).body).toMatchObject({ state: 'APPROVED' });
  expect(proxy.calls()).toBeGreaterThan(before);
  await service.stop();
}

test('TEMPORAL_API_KEY and TEMPORAL_TLS_…: sagas run on a server behind TLS and a key', async () => {
  await approvedThrough(environment({ TEMPORAL_API_KEY: 'the-key' }));
});

test('the replay gate fetches histories from a server behind TLS and a key', async () => {
  const env = environment({ TEMPORAL_API_KEY: 'the-key' });
  await approvedThrough(env);
  const { code, stdout } = await operatorCommand('replay', ['--limit', '5'], env);
  expect(stdout).toMatch(/replayed, 0 diverged/);
  expect(code).toBe(0);
});

test('a profile of TEMPORAL_CONFIG_FILE has the same effect', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'order-saga-profile-'));
  const file = path.join(folder, 'temporal.toml');
  writeFileSync(
    file,
    `[profile.shop]
address = "${proxy.address}"
namespace = "${testServers().temporal.namespace}"
api_key = "the-key"
[profile.shop.tls]
server_ca_cert_path = "${AUTHORITY_PATH}"
`,
  );
  await approvedThrough({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'shop' });
  rmSync(folder, { recursive: true });
});

test.each([
  ['a wrong key', { TEMPORAL_API_KEY: 'another' }, /TEMPORAL_(ADDRESS|NAMESPACE) /],
  ['no key', {}, /TEMPORAL_(ADDRESS|NAMESPACE) /],
  [
    'a certificate of somebody else',
    { TEMPORAL_API_KEY: 'the-key', TEMPORAL_TLS_SERVER_NAME: 'example.com' },
    /TEMPORAL_ADDRESS /,
  ],
])(
  '%s is refused in one line that names the variable',
  async (_what, more, line) => {
    await expect(prepareTemporal(named(environment(more)), SEARCH_ATTRIBUTES)).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(line),
    });
  },
  20_000,
);

test('a missing certificate file is reported in one line', () => {
  const env = environment({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' });
  expect(() => readConfig(env)).toThrow(/^TEMPORAL_\*: .*\/nowhere\/ca\.pem/);
});

test('a profile in the home directory alone is ignored', () => {
  expect(readConfig({ HOME: '/home/somebody' }).temporal).toBeUndefined();
});

test('Postgres behind TLS: the URL names the trusted certificate', async () => {
  const postgres = await postgresTlsProxy(new URL(databases.orderUrl));
  const trust = { sslmode: 'verify-full', sslrootcert: AUTHORITY_PATH };
  const service = await startService(
    {
      ...commonSettings(),
      order: orderSettings(postgres.through(databases.orderUrl, trust)),
      customer: { databaseUrl: postgres.through(databases.customerUrl, trust) },
    },
    createLogger('silent'),
  );
  const customer = await newCustomer(service.url, '10.00');
  expect((await placeOrder(service.url, customer, '10.00', WAIT)).body).toMatchObject({ state: 'APPROVED' });
  expect(postgres.connections()).toBeGreaterThanOrEqual(2);
  await service.stop();
  // Clients that do not trust the authority, or do not use TLS, are refused.
  for (const options of [{ sslmode: 'verify-full' }, { sslmode: 'disable' }]) {
    await expect(rowsOf(postgres.through(databases.orderUrl, options), 'SELECT 1')).rejects.toThrow();
  }
  await postgres.close();
});
