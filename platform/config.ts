/** The only module that reads the environment: every variable, its default and the reason for it. */
import { isIP } from 'node:net';
import path from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import type { DataConverter } from '@temporalio/common';
import { ConfigError } from './config-error';
import { encryptionKeys } from './encryption-keys';
import { httpUrl, isLoopback } from './http-url';
import { payloadConverter } from './payload-codec';
import { fileVariable, SECRET_NAMES, withSecretFiles } from './secret-files';
import type { TemporalTarget } from './temporal';

export const DAY_MS = 24 * 60 * 60 * 1_000;

const PORT_MAX = 65_535;
const GROUP_MAX = 50;
const DEFAULT_NAMESPACE = 'default';

const port = (fallback: number) => z.coerce.number().int().min(1).max(PORT_MAX).default(fallback);
const url = z.url();
/** Complete, so that nothing is left to PG* variables. */
const databaseUrl = z.string().refine((text) => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, hostname, pathname } = new URL(text);
  const isPostgres = protocol === 'postgres:' || protocol === 'postgresql:';
  return isPostgres && username !== '' && hostname !== '' && pathname.length > 1;
}, 'must be postgres://USER:PASSWORD@HOST:PORT/DATABASE');
function isNamedByUrls(host: string): boolean {
  try {
    return httpUrl(host, 1) !== '';
  } catch {
    return false;
  }
}

const databaseName = (fallback: string) =>
  z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a lower-case identifier')
    .default(fallback);

/** 32 characters: 190 random bits in base64url. */
const SERVICE_TOKEN = /^[A-Za-z0-9._~-]{32,512}$/;

function isHttpsOrLocal(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}

const NETWORKS = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** An IP address, a network as 10.0.0.0/8, or the name of networks that express knows. */
function isProxy(name: string): boolean {
  const [address = '', bits, ...rest] = name.split('/');
  const version = isIP(address);
  const isSubnet =
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
  return NETWORKS.has(name) || (version > 0 && isSubnet && rest.length === 0);
}

const environment = z
  .object({
    /** Loopback: exposing the API to a network is an explicit decision. */
    HOST: z
      .string()
      .transform((host) => host.replace(/^\[(.*)\]$/, '$1'))
      .refine(isNamedByUrls, 'must be a host name or an IP address, without a zone')
      .default('127.0.0.1'),
    PORT: port(3000),
    /** Base URL of the OpenID Connect provider whose access tokens the API requires. */
    AUTH_ISSUER: z
      .url({ protocol: /^https?$/ })
      .refine(isHttpsOrLocal, 'must be https, except on this machine')
      .optional(),
    /** The `aud` of access tokens for this API. */
    AUTH_AUDIENCE: z.string().min(1).max(255).optional(),
    /** Of the identity provider of `--with-auth`. */
    AUTH_PORT: port(9400),
    /** `none` serves a network without authentication; `required` does not start without AUTH_ISSUER. */
    AUTH: z.enum(['none', 'required']).optional(),
    /** Secrets by which the services of one installation know each other: the first is sent, all are accepted. */
    SERVICE_TOKENS: z
      .string()
      .transform((list) => list.split(',').map((token) => token.trim()))
      .refine(
        (tokens) => tokens.every((token) => SERVICE_TOKEN.test(token)),
        'must be tokens of 32 to 512 letters, digits and -._~',
      )
      .optional(),
    /** An operator's, for the commands that decide where AUTH_ISSUER is set. */
    ACCESS_TOKEN: z.string().min(1).optional(),
    /** The limits of one client and of one customer have defaults in `api/client-limits.ts`, for a process that serves a network. */
    REQUESTS_PER_MINUTE_PER_CLIENT: z.coerce.number().int().min(1).max(10_000_000).optional(),
    /** When set, `/metrics`, `/livez` and `/readyz` are on this port, and no longer on that of the API. */
    METRICS_PORT: z.coerce.number().int().min(1).max(PORT_MAX).optional(),
    /** host:port of a Temporal server; unset (and without a profile) starts the embedded one. */
    TEMPORAL_ADDRESS: z
      .string()
      .regex(/^([^\s/:[\]]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/, 'must be host:port, or [address]:port for IPv6')
      .optional(),
    TEMPORAL_NAMESPACE: z.string().min(1).default(DEFAULT_NAMESPACE),
    TEMPORAL_PORT: port(7233),
    TEMPORAL_UI_PORT: port(8233),
    /** Base URL of the Temporal UI in links; needed when the server is not the embedded one. */
    TEMPORAL_UI_URL: url.optional(),
    /** The `temporal` executable; unset searches PATH and the cache. */
    TEMPORAL_CLI_PATH: z.string().min(1).optional(),
    /** postgres:// URLs with the service's login role; unset starts the embedded Postgres. */
    ORDER_DATABASE_URL: databaseUrl.optional(),
    CUSTOMER_DATABASE_URL: databaseUrl.optional(),
    /** URL with a role that may create roles and databases. When set, migrations create those that are missing. */
    DATABASE_ADMIN_URL: databaseUrl.optional(),
    /** URLs with the owner roles, for migrations; unset uses the service's login role. */
    ORDER_DATABASE_OWNER_URL: databaseUrl.optional(),
    CUSTOMER_DATABASE_OWNER_URL: databaseUrl.optional(),
    /** The order history's database. */
    ORDER_HISTORY_DATABASE_URL: databaseUrl.optional(),
    ORDER_HISTORY_DATABASE_OWNER_URL: databaseUrl.optional(),
    ORDER_DATABASE_NAME: databaseName('orders'),
    CUSTOMER_DATABASE_NAME: databaseName('customers'),
    ORDER_HISTORY_DATABASE_NAME: databaseName('order_history'),
    DATA_DIR: z
      .string()
      .min(1)
      .default('.data')
      .transform((dir) => path.resolve(dir)),
    /** Not 5432, which a local Postgres may use. */
    POSTGRES_PORT: port(54329),
    /** 30 s: longer than a restart of the customer service, shorter than a customer waits for an answer. */
    CREDIT_CHECK_TIMEOUT_MS: z.coerce.number().int().min(100).max(86_400_000).default(30_000),
    /** 60 s: longer than a failover or a restart of a database; a step that must succeed takes milliseconds. */
    ATTENTION_AFTER_MS: z.coerce.number().int().min(100).max(86_400_000).default(60_000),
    /** 50: the ids of fifty orders fit the server's 2,048 bytes for a search attribute; 1 turns groups off. */
    SAGA_GROUP_MAX: z.coerce.number().int().min(1).max(GROUP_MAX).default(GROUP_MAX),
    /** 4 concurrent groups: measured at 200 orders in flight (docs/performance.md). */
    SAGA_GROUPS_IN_FLIGHT: z.coerce.number().int().min(1).max(100).default(4),
    /** The services that this process runs; order and customer together are colocated. */
    SERVICES: z
      .string()
      .default('order,customer,history')
      .transform((list) => list.split(',').map((name) => name.trim()))
      .pipe(z.array(z.enum(['order', 'customer', 'history'])).min(1)),
    /** Base URL of the customer service, for a process that runs only the order service. */
    CUSTOMER_SERVICE_URL: z.url({ protocol: /^https?$/ }).optional(),
    /** Base URL of the order history, for a process that runs the order service without it. */
    ORDER_HISTORY_URL: z.url({ protocol: /^https?$/ }).optional(),
    /** Base URL of the API whose events the order history follows; unset uses this process's own feed. */
    EVENT_FEED_URL: z.url({ protocol: /^https?$/ }).optional(),
    /**
     * 2,000 pending requests: about two seconds of work for two cores, and about 20 MB of memory. Requests above this
     * limit get 503.
     */
    ORDERS_IN_FLIGHT_MAX: z.coerce.number().int().min(1).max(100_000).default(2_000),
    ORDERS_IN_FLIGHT_PER_CLIENT_MAX: z.coerce.number().int().min(1).max(100_000).optional(),
    OPEN_ORDERS_PER_CUSTOMER_MAX: z.coerce.number().int().min(1).max(1_000_000).optional(),
    /** Whole units of the order's currency. Unset: the largest amount that the API can express. */
    ORDER_TOTAL_MAX: z.coerce.number().int().min(1).max(100_000_000_000_000).optional(),
    /** 1,000 event streams: each has a socket and buffers up to 100 events, about 100 MB in total when no client reads. */
    EVENT_STREAMS_MAX: z.coerce.number().int().min(1).max(100_000).default(1_000),
    /** 500: one client, or all behind an unknown proxy, never takes all streams. */
    EVENT_STREAMS_PER_CLIENT_MAX: z.coerce.number().int().min(1).max(100_000).default(500),
    /** 3,000 requests that wait for news of the feed or the order history: about 30 KB each. */
    READ_WAITS_MAX: z.coerce.number().int().min(1).max(100_000).default(3_000),
    /** 1,500, half of them, for the same reason. */
    READ_WAITS_PER_CLIENT_MAX: z.coerce.number().int().min(1).max(100_000).default(1_500),
    /**
     * Proxies whose X-Forwarded-For names the client: addresses, networks, or names of networks as `uniquelocal`. The
     * loopback address, because a proxy on the same machine is one's own.
     */
    TRUSTED_PROXIES: z
      .string()
      .default('loopback')
      .transform((list) => list.split(',').map((name) => name.trim()))
      .refine(
        (names) => names.every(isProxy),
        'must be addresses, networks, loopback, linklocal or uniquelocal',
      ),
    /**
     * Base of the absolute `source` and `dataschema` of events: the public URL of the API. Unset: the address at which the
     * events were served first, kept by the database, for `source`; the address of the process for `dataschema`.
     */
    EVENT_BASE_URI: z
      .url({ protocol: /^https?$/ })
      .refine((uri) => !/[?#]|\/\/[^/]*@/.test(uri), 'must not have a query, a fragment or credentials')
      .transform((uri) => new URL(uri).href.replace(/\/+$/, ''))
      .optional(),
    /** Where the relays run: in each service's process, or in separate processes (workers/relay-main.ts). */
    OUTBOX_RELAY: z.enum(['here', 'elsewhere']).default('here'),
    /** 30 days: a consumer can resume after a long outage. */
    EVENT_RETENTION_DAYS: z.coerce.number().positive().max(36_500).default(30),
    /** `id:base64key` of 32 bytes each, separated by commas: the first encrypts the payloads that Temporal stores, all decrypt. */
    PAYLOAD_ENCRYPTION_KEYS: z
      .string()
      .transform((text, context) => {
        try {
          return encryptionKeys(text);
        } catch (error) {
          context.addIssue({
            code: 'custom',
            message: error instanceof Error ? error.message : String(error),
          });
          return z.NEVER;
        }
      })
      .optional(),
    /** A CommonJS module that exports `payloadCodecs`, which encrypt the payloads that Temporal stores. */
    PAYLOAD_CODEC_PATH: z.string().min(1).optional(),
    /** When set, the order service's workers use Worker Versioning; their build id is that of the workflow code. */
    WORKER_DEPLOYMENT_NAME: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be letters, digits, _ and -')
      .optional(),
    /**
     * Whether running sagas move to newer code, which must replay them, or end on the version that started them.
     * Auto-upgrade: a saga may outlive the workers of its version.
     */
    WORKER_VERSIONING: z.enum(['auto-upgrade', 'pinned']).default('auto-upgrade'),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  })
  .refine(({ PORT, METRICS_PORT }) => PORT !== METRICS_PORT, {
    path: ['METRICS_PORT'],
    message: 'must be another port than PORT',
  });

/** Every variable that is read here, in addition to Temporal's standard variables. */
export const ENVIRONMENT_NAMES: readonly string[] = [
  ...Object.keys(environment.shape),
  ...SECRET_NAMES.map(fileVariable),
];

export type Config = Readonly<z.infer<typeof environment>> & {
  /** The Temporal server that the environment names, with its TLS and API key; undefined when it names none. */
  readonly temporal: TemporalTarget | undefined;
  /** Holds the configured payload codecs. */
  readonly dataConverter: DataConverter | undefined;
};

/** Settings of Temporal's Worker Versioning. */
export interface WorkerDeployment {
  readonly name: string;
  /** Whether running sagas move to a new current version. */
  readonly versioning: 'auto-upgrade' | 'pinned';
}

/** @returns undefined when the workers are not versioned */
export function workerDeployment(config: Config): WorkerDeployment | undefined {
  const { WORKER_DEPLOYMENT_NAME: name, WORKER_VERSIONING: versioning } = config;
  return name === undefined ? undefined : { name, versioning };
}

/** @param overrides variables that have another value than in the environment of this process */
export function readConfigWith(overrides: NodeJS.ProcessEnv): Config {
  return readConfig({ ...process.env, ...overrides });
}

/** @throws ConfigError with one line for each variable that has an invalid value */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // Shells and compose files express "unset" as an empty value.
  const set = withSecretFiles(
    Object.fromEntries(
      Object.entries(env).filter(
        (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
      ),
    ),
  );
  const result = environment.safeParse(set);
  if (!result.success) {
    const lines = result.error.issues.map(({ path: [name], message }) => `${String(name)}: ${message}`);
    throw new ConfigError(lines.join('\n'));
  }
  const dataConverter = payloadConverter(result.data);
  const target = temporalTarget(set);
  return { ...result.data, temporal: target && { ...target, dataConverter }, dataConverter };
}

/**
 * Temporal's standard environment configuration: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
 * TEMPORAL_TLS… A profile file is read only when TEMPORAL_CONFIG_FILE or TEMPORAL_PROFILE
 * requests it: a file in the home directory must not connect a first start to an unrelated cluster.
 *
 * @throws ConfigError when the file or a certificate cannot be read
 */
function temporalTarget(env: Record<string, string>): TemporalTarget | undefined {
  const usesProfile = env['TEMPORAL_CONFIG_FILE'] !== undefined || env['TEMPORAL_PROFILE'] !== undefined;
  if (!usesProfile && env['TEMPORAL_ADDRESS'] === undefined) return undefined;
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({
      disableFile: !usesProfile,
      overrideEnvVars: env,
    });
    const { address, tls, apiKey, metadata } = connectionOptions;
    if (address === undefined) return undefined;
    return { address, namespace: namespace ?? DEFAULT_NAMESPACE, tls, apiKey, metadata };
  } catch (error) {
    throw new ConfigError(`TEMPORAL_*: ${error instanceof Error ? error.message : String(error)}`);
  }
}
