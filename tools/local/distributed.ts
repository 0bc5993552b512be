/**
 * `npm run start:distributed`: two order services, two customer services, a relay for each service and the order
 * history, each in its own process. They use the same servers as `npm start` and have one address for the API.
 */
import path from 'node:path';
import { checkHost } from '../../api/authentication-settings';
import type { Config } from '../../platform/config';
import { ConfigError } from '../../platform/config-error';
import { httpUrl } from '../../platform/http-url';
import { fileVariable } from '../../platform/secret-files';
import { startBalancer } from './balancer';
import type { IdentityProvider } from './identity-provider';
import { keptSecret } from './kept-secret';
import { type Lifecycle, runStart } from './lifecycle';
import { readyBlock } from './ready-block';
import { freePort } from './free-port';
import type { Servers } from './servers';
import { ServiceProcess } from './service-process';
import { distributedRoles, environmentOf, relayOf, type Role } from './topology';

/** Two of each service, so that one may fail. */
const PROCESSES_EACH = 2;
/**
 * 100 connections, two full groups: below, one process gathers all orders into its groups; above, a second one shares the
 * work. Two order services with half of the orders each have half the rate at 40 in flight (docs/scale.md).
 */
const GATHER_UP_TO = 100;
/** The processes are reached through the API's address alone. */
const LOOPBACK = '127.0.0.1';

const NAME_WIDTH = 'customer-relay'.length;

/** Variables of a single service, or of this start alone. */
const NOT_SHARED = [
  'ORDER_DATABASE_URL',
  'ORDER_DATABASE_OWNER_URL',
  'CUSTOMER_DATABASE_URL',
  'CUSTOMER_DATABASE_OWNER_URL',
  'ORDER_HISTORY_DATABASE_URL',
  'ORDER_HISTORY_DATABASE_OWNER_URL',
  'DATABASE_ADMIN_URL',
  // Stated for each process.
  'SERVICE_TOKENS',
].flatMap((name) => [name, fileVariable(name)]);

runStart(
  'npm run start:distributed   starts several processes of each service, on the servers that npm start uses',
  startAll,
);

async function startAll(
  config: Config,
  servers: Servers,
  life: Lifecycle,
  provider: IdentityProvider | undefined,
): Promise<string> {
  const { HOST: host, PORT: port } = config;
  checkHost(config);
  if (config.METRICS_PORT !== undefined)
    throw new ConfigError('METRICS_PORT: the processes of start:distributed have one address; unset it');
  const at = (other: number) => httpUrl(LOOPBACK, other);
  const url = httpUrl(host, port);
  const [customerPort, historyPort] = [await freePort(), await freePort()];
  const roles = distributedRoles({
    customerService: at(customerPort),
    orderHistory: at(historyPort),
    eventFeed: url,
  });
  const shared = {
    ...sharedEnvironment(config, servers),
    ...authenticationEnvironment(config),
    // Not the address of one of the processes.
    EVENT_BASE_URI: config.EVENT_BASE_URI ?? url,
  };
  const urls = {
    order: servers.orderDatabaseUrl,
    customer: servers.customerDatabaseUrl,
    history: servers.historyDatabaseUrl,
  };
  const start = (names: readonly string[], role: Role, onPort?: number) => {
    const env = { ...shared, ...environmentOf(role, (service) => urls[service]) };
    return startProcesses({ names, env, script: role.script, port: onPort }, life);
  };
  await balance(LOOPBACK, customerPort, await start(each('customer'), roles.customer), life);
  await balance(host, port, await start(each('order'), roles.order), life, GATHER_UP_TO);
  await Promise.all([
    start(['order-relay'], relayOf('order')),
    start(['customer-relay'], relayOf('customer')),
    start(['history'], roles.history, historyPort),
  ]);
  return readyBlock(config, servers, url, { provider });
}

function each(service: string): string[] {
  return Array.from({ length: PROCESSES_EACH }, (_, index) => `${service}-${String(index + 1)}`);
}

function sharedEnvironment(config: Config, { temporal, temporalUiUrl }: Servers): NodeJS.ProcessEnv {
  // For an external server, the environment has the address, TLS settings and key; the embedded one has none of them.
  const isShared = (name: string) =>
    !NOT_SHARED.includes(name) && (config.temporal !== undefined || !name.startsWith('TEMPORAL_'));
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => isShared(name))),
    ...(!config.temporal && { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace }),
    TEMPORAL_UI_URL: temporalUiUrl,
  };
}

/** The processes know each other by a token, with and without access tokens. */
function authenticationEnvironment({
  AUTH_ISSUER,
  AUTH_AUDIENCE,
  SERVICE_TOKENS,
  DATA_DIR,
}: Config): NodeJS.ProcessEnv {
  return {
    ...(AUTH_ISSUER !== undefined && { AUTH_ISSUER, AUTH_AUDIENCE }),
    SERVICE_TOKENS: SERVICE_TOKENS?.join() ?? keptSecret(path.join(DATA_DIR, 'service.token')),
  };
}

interface ProcessOptions {
  readonly names: readonly string[];
  /** Undefined: a free port. */
  readonly port: number | undefined;
  readonly script: Role['script'];
  readonly env: NodeJS.ProcessEnv;
}

async function startProcesses(
  { names, port, script, env }: ProcessOptions,
  life: Lifecycle,
): Promise<readonly ServiceProcess[]> {
  const processes: ServiceProcess[] = [];
  for (const name of names) {
    processes.push(
      new ServiceProcess({
        name,
        width: NAME_WIDTH,
        host: LOOPBACK,
        port: script === 'workers/relay-main.js' ? undefined : (port ?? (await freePort())),
        script,
        env,
        onStarted: (child) => {
          life.own(child);
        },
      }),
    );
  }
  life.add({
    stop: async () => {
      await Promise.all(processes.map((each) => each.stop()));
    },
    kill: () => {
      for (const each of processes) each.kill();
    },
  });
  for (const each of processes) each.start();
  await Promise.all(processes.map((each) => each.ready()));
  return processes;
}

async function balance(
  host: string,
  port: number,
  processes: readonly ServiceProcess[],
  life: Lifecycle,
  gatherUpTo = 0,
): Promise<void> {
  const targets = processes.map(({ url }) => ({ host: LOOPBACK, port: Number(new URL(url).port) }));
  const server = await startBalancer({ host, port }, targets, { gatherUpTo });
  // Existing connections close when their processes have answered.
  life.add({
    stop: () => {
      server.close();
      return Promise.resolve();
    },
  });
}
