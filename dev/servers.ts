/** The servers that a start uses: those named in the environment, the embedded ones for the rest. */
import path from 'node:path';
import { ORDER_IDS_ATTRIBUTE } from '../domain/names';
import type { Config } from '../platform/config';
import { connectTemporal, ensureKeywordList, type TemporalAddress } from '../platform/temporal';
import { applyMigrations } from '../prisma/migrate';
import { provision } from '../prisma/provision';
import type { ServiceName } from '../prisma/schema-engine';
import type { Child } from './child';
import { keptPassword, startPostgres } from './postgres';
import { codeOf, requireDatabase, requireFreePort } from './preconditions';
import { step } from './progress.cjs';
import { StartError } from './start-error';
import { startTemporal } from './temporal';

export interface Servers {
  readonly orderDatabaseUrl: string;
  readonly customerDatabaseUrl: string;
  readonly temporal: TemporalAddress;
  readonly temporalUiUrl: string;
}

/** Told of each server that is started, to stop it in the end. */
export type OnStarted = (server: { readonly child: Child; stop(): Promise<void> }) => void;

const LOOPBACK = '127.0.0.1';

/** 5 s: a server that is said to be there answers sooner. */
const TEMPORAL_WITHIN_MS = 5_000;

/** @throws StartError before anything is started, when a port is taken or a named server is away */
export async function requireServers(config: Config): Promise<void> {
  const { ORDER_DATABASE_URL, CUSTOMER_DATABASE_URL, TEMPORAL_ADDRESS } = config;
  await requireFreePort('PORT', config.PORT, config.HOST);
  if (ORDER_DATABASE_URL !== undefined) await requireDatabase('ORDER_DATABASE_URL', ORDER_DATABASE_URL);
  if (CUSTOMER_DATABASE_URL !== undefined)
    await requireDatabase('CUSTOMER_DATABASE_URL', CUSTOMER_DATABASE_URL);
  if (embedsPostgres(config)) await requireFreePort('POSTGRES_PORT', config.POSTGRES_PORT, LOOPBACK);
  if (TEMPORAL_ADDRESS === undefined) {
    await requireFreePort('TEMPORAL_PORT', config.TEMPORAL_PORT, LOOPBACK);
    await requireFreePort('TEMPORAL_UI_PORT', config.TEMPORAL_UI_PORT, LOOPBACK);
  } else {
    await requireTemporal({ address: TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE });
  }
}

export async function startServers(config: Config, onStarted: OnStarted): Promise<Servers> {
  const starting = [databasesOf(config, onStarted), temporalOf(config, onStarted)] as const;
  // When one fails, the other is waited for all the same, so that it is known and can be stopped.
  await Promise.allSettled(starting);
  const [databases, temporal] = await Promise.all(starting);
  const ui = config.TEMPORAL_UI_URL ?? `http://localhost:${String(config.TEMPORAL_UI_PORT)}`;
  return { ...databases, temporal, temporalUiUrl: ui.replace(/\/$/, '') };
}

function embedsPostgres(config: Config): boolean {
  return config.ORDER_DATABASE_URL === undefined || config.CUSTOMER_DATABASE_URL === undefined;
}

async function databasesOf(config: Config, onStarted: OnStarted) {
  const embedded = embedsPostgres(config)
    ? await step('starting Postgres', () => startPostgres(config.DATA_DIR, config.POSTGRES_PORT))
    : undefined;
  if (embedded) onStarted(embedded);
  return step('bringing the databases up to date', async () => {
    const named = (service: ServiceName, url: string | undefined, ownerUrl: string | undefined) =>
      databaseOf(config, service, embedded?.adminUrl, url, ownerUrl);
    const orderDatabaseUrl = await named('order', config.ORDER_DATABASE_URL, config.ORDER_DATABASE_OWNER_URL);
    const customerDatabaseUrl = await named(
      'customer',
      config.CUSTOMER_DATABASE_URL,
      config.CUSTOMER_DATABASE_OWNER_URL,
    );
    return { orderDatabaseUrl, customerDatabaseUrl };
  });
}

/** @returns the URL with which the service logs in, to a database with its tables */
async function databaseOf(
  config: Config,
  service: ServiceName,
  adminUrl: string | undefined,
  namedUrl: string | undefined,
  namedOwnerUrl: string | undefined,
): Promise<string> {
  if (namedUrl !== undefined) {
    await applyMigrations(service, namedOwnerUrl ?? namedUrl);
    return namedUrl;
  }
  if (adminUrl === undefined) throw new TypeError('there is neither a URL nor an embedded Postgres');
  const password = (role: string) => keptPassword(path.join(config.DATA_DIR, `${role}.password`));
  const { ownerUrl, serviceUrl } = await provision(adminUrl, {
    database: service === 'order' ? config.ORDER_DATABASE_NAME : config.CUSTOMER_DATABASE_NAME,
    owner: `${service}_owner`,
    ownerPassword: password(`${service}_owner`),
    login: `${service}_service`,
    loginPassword: password(`${service}_service`),
  });
  await applyMigrations(service, ownerUrl);
  return serviceUrl;
}

async function temporalOf(config: Config, onStarted: OnStarted): Promise<TemporalAddress> {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = config;
  if (address !== undefined) return { address, namespace };
  const embedded = await step('starting Temporal', () =>
    startTemporal({
      cliPath: config.TEMPORAL_CLI_PATH ?? 'temporal',
      dataDir: config.DATA_DIR,
      port: config.TEMPORAL_PORT,
      uiPort: config.TEMPORAL_UI_PORT,
      namespaces: [namespace],
    }),
  );
  onStarted(embedded);
  return { address: embedded.address, namespace };
}

/** @throws StartError naming the variable when the server, its namespace or the search attribute is not there */
async function requireTemporal({ address, namespace }: TemporalAddress): Promise<void> {
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(reject, TEMPORAL_WITHIN_MS, new Error('no answer in 5 s')).unref();
  });
  const link = await Promise.race([connectTemporal({ address, namespace }), late]).catch((error: unknown) => {
    throw new StartError(
      `TEMPORAL_ADDRESS ${address} cannot be reached (${codeOf(error)}); mend it, or unset it to use the embedded Temporal`,
    );
  });
  try {
    await ensureKeywordList(link, namespace, ORDER_IDS_ATTRIBUTE);
  } catch (error) {
    throw new StartError(
      `TEMPORAL_NAMESPACE ${namespace} cannot be used: its search attribute ${ORDER_IDS_ATTRIBUTE} (KeywordList) is missing and could not be added (${codeOf(error)})`,
    );
  } finally {
    await link.connection.close();
  }
}
