/** The servers that a start uses: external ones where the environment names them, else embedded ones. */
import path from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../workers/search-attributes';
import type { Config } from '../../platform/config';
import { httpUrl } from '../../platform/http-url';
import type { TemporalTarget } from '../../platform/temporal';
import { prepareTemporal } from '../../platform/temporal-namespace';
import { applyMigrations } from '../../prisma/migrate';
import { provision } from '../../prisma/provision';
import type { ServiceName } from '../../prisma/schema-engine';
import type { Child } from './child';
import { keptPassword, startPostgres } from './postgres';
import { requireDatabase, requireFreePorts, type UsedPort } from './preconditions';
import { step } from './progress.cjs';
import { startTemporal } from './temporal';

export interface Servers {
  /** Undefined when this start does not run the service. */
  readonly orderDatabaseUrl: string | undefined;
  readonly customerDatabaseUrl: string | undefined;
  readonly historyDatabaseUrl: string | undefined;
  readonly temporal: TemporalTarget;
  readonly temporalUiUrl: string;
}

/** Called with each server as soon as its process runs, so that the caller can stop it. */
export type OnSpawned = (server: { readonly child: Child; stop(): Promise<void> }) => void;

const LOOPBACK = '127.0.0.1';

/** @throws StartError when a port is in use or an external server cannot be reached; nothing is started then */
export async function requireServers(config: Config): Promise<void> {
  await requireFreePorts(usedPorts(config));
  for (const { variable, url } of requiredDatabases(config)) {
    if (url !== undefined) await requireDatabase(variable, url);
  }
  if (config.temporal) await prepareTemporal(config.temporal, SEARCH_ATTRIBUTES);
}

function usedPorts(config: Config): UsedPort[] {
  const { HOST } = config;
  const used: [UsedPort['variable'], number | undefined, string][] = [
    ['PORT', config.PORT, HOST],
    ['METRICS_PORT', config.METRICS_PORT, HOST],
    ['POSTGRES_PORT', embedsPostgres(config) ? config.POSTGRES_PORT : undefined, LOOPBACK],
    ['TEMPORAL_PORT', config.temporal ? undefined : config.TEMPORAL_PORT, LOOPBACK],
    ['TEMPORAL_UI_PORT', config.temporal ? undefined : config.TEMPORAL_UI_PORT, LOOPBACK],
  ];
  return used.flatMap(([variable, port, host]) => (port === undefined ? [] : [{ variable, port, host }]));
}

/** The databases of the services that this start runs. */
function requiredDatabases(config: Config) {
  const all = [
    {
      service: 'order',
      variable: 'ORDER_DATABASE_URL',
      url: config.ORDER_DATABASE_URL,
      ownerUrl: config.ORDER_DATABASE_OWNER_URL,
      database: config.ORDER_DATABASE_NAME,
    },
    {
      service: 'customer',
      variable: 'CUSTOMER_DATABASE_URL',
      url: config.CUSTOMER_DATABASE_URL,
      ownerUrl: config.CUSTOMER_DATABASE_OWNER_URL,
      database: config.CUSTOMER_DATABASE_NAME,
    },
    {
      service: 'history',
      variable: 'ORDER_HISTORY_DATABASE_URL',
      url: config.ORDER_HISTORY_DATABASE_URL,
      ownerUrl: config.ORDER_HISTORY_DATABASE_OWNER_URL,
      database: config.ORDER_HISTORY_DATABASE_NAME,
    },
  ] as const;
  return all.filter(({ service }) => config.SERVICES.includes(service));
}

type RequiredDatabase = ReturnType<typeof requiredDatabases>[number];

export async function startServers(config: Config, onSpawned: OnSpawned): Promise<Servers> {
  const starting = [databasesOf(config, onSpawned), temporalOf(config, onSpawned)] as const;
  // When one fails, wait for the other too, so that it is registered and can be stopped.
  await Promise.allSettled(starting);
  const [databases, temporal] = await Promise.all(starting);
  const ui = config.TEMPORAL_UI_URL ?? `http://localhost:${String(config.TEMPORAL_UI_PORT)}`;
  return { ...databases, temporal, temporalUiUrl: ui.replace(/\/$/, '') };
}

function embedsPostgres(config: Config): boolean {
  return requiredDatabases(config).some(({ url }) => url === undefined);
}

async function databasesOf(config: Config, onSpawned: OnSpawned) {
  const embedded = embedsPostgres(config)
    ? await step('starting Postgres', () =>
        startPostgres(config.DATA_DIR, config.POSTGRES_PORT, [], onSpawned),
      )
    : undefined;
  return step('migrating the databases', async () => {
    const urls: Partial<Record<ServiceName, string>> = {};
    for (const required of requiredDatabases(config)) {
      urls[required.service] = await databaseOf(config, required, embedded?.adminUrl);
    }
    return {
      orderDatabaseUrl: urls.order,
      customerDatabaseUrl: urls.customer,
      historyDatabaseUrl: urls.history,
    };
  });
}

/** Applies the migrations. @returns the URL with which the service logs in */
async function databaseOf(
  config: Config,
  { service, url, ownerUrl: namedOwnerUrl, database }: RequiredDatabase,
  adminUrl: string | undefined,
): Promise<string> {
  if (url !== undefined) {
    await applyMigrations(service, namedOwnerUrl ?? url);
    return url;
  }
  if (adminUrl === undefined)
    throw new TypeError(`The ${service} database has neither a URL nor an embedded Postgres`);
  const password = (role: string) => keptPassword(path.join(config.DATA_DIR, `${role}.password`));
  const { ownerUrl, serviceUrl } = await provision(adminUrl, {
    database,
    owner: `${service}_owner`,
    ownerPassword: password(`${service}_owner`),
    login: `${service}_service`,
    loginPassword: password(`${service}_service`),
  });
  await applyMigrations(service, ownerUrl);
  return serviceUrl;
}

/** The order service has the codec server; both kinds of start have the order service at the address of the API. */
function codecEndpoint({ dataConverter, HOST, PORT, SERVICES }: Config): string | undefined {
  const isServed = dataConverter !== undefined && SERVICES.includes('order');
  return isServed ? `${httpUrl(HOST, PORT)}/codec` : undefined;
}

async function temporalOf(config: Config, onSpawned: OnSpawned): Promise<TemporalTarget> {
  if (config.temporal) return config.temporal;
  const { TEMPORAL_NAMESPACE: namespace } = config;
  const embedded = await step('starting Temporal', () =>
    startTemporal(
      {
        cliPath: config.TEMPORAL_CLI_PATH ?? 'temporal',
        dataDir: config.DATA_DIR,
        port: config.TEMPORAL_PORT,
        uiPort: config.TEMPORAL_UI_PORT,
        uiCodecEndpoint: codecEndpoint(config),
        namespaces: [namespace],
      },
      onSpawned,
    ),
  );
  const target = { address: embedded.address, namespace, dataConverter: config.dataConverter };
  // The data of an earlier start may have them with another type.
  await prepareTemporal(target, SEARCH_ATTRIBUTES);
  return target;
}
