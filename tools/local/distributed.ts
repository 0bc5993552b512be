/**
 * `npm run start:distributed`: two order services, two customer services, a relay for each service and the order
 * history, each in its own process. They use the same servers as `npm start` and have one address for the API.
 */
import type { Config } from '../../platform/config';
import { httpUrl } from '../../platform/http-url';
import { startBalancer } from './balancer';
import { type Lifecycle, runStart } from './lifecycle';
import { readyBlock } from './ready-block';
import { freePort } from './scratch-postgres';
import { requireServers, type Servers, startServers } from './servers';
import { ServiceProcess } from './service-process';

/** Two of each service, so that one may fail. */
const PROCESSES_EACH = 2;
/** The processes are reached through the API's address alone. */
const LOOPBACK = '127.0.0.1';

const NAME_WIDTH = 'customer-relay'.length;

const SERVICE = 'api/main.js' as const;
const RELAY = 'workers/relay-main.js' as const;

type Script = typeof SERVICE | typeof RELAY;

/** Variables of a single service, or of this start alone. */
const NOT_SHARED = [
  'ORDER_DATABASE_URL',
  'ORDER_DATABASE_OWNER_URL',
  'CUSTOMER_DATABASE_URL',
  'CUSTOMER_DATABASE_OWNER_URL',
  'ORDER_HISTORY_DATABASE_URL',
  'ORDER_HISTORY_DATABASE_OWNER_URL',
  'DATABASE_ADMIN_URL',
];

runStart(async (config, life) => {
  await requireServers(config);
  const servers = await startServers(config, (server) => {
    life.addServer(server);
  });
  const { HOST: host, PORT: port } = config;
  const at = (other: number) => httpUrl(LOOPBACK, other);
  const historyPort = await freePort();
  const shared = { ...sharedEnvironment(config, servers), OUTBOX_RELAY: 'elsewhere' };
  const orderDatabase = { SERVICES: 'order', ORDER_DATABASE_URL: servers.orderDatabaseUrl };
  const customerDatabase = { SERVICES: 'customer', CUSTOMER_DATABASE_URL: servers.customerDatabaseUrl };
  const start = (
    names: readonly string[],
    env: NodeJS.ProcessEnv,
    script: Script = SERVICE,
    onPort?: number,
  ) => startProcesses({ names, env: { ...shared, ...env }, script, port: onPort }, life);

  const customers = await start(each('customer'), customerDatabase);
  const customerPort = await balance(LOOPBACK, await freePort(), customers, life);
  const orders = await start(each('order'), {
    ...orderDatabase,
    CUSTOMER_SERVICE_URL: at(customerPort),
    ORDER_HISTORY_URL: at(historyPort),
  });
  const url = httpUrl(host, port);
  await balance(host, port, orders, life);
  await Promise.all([
    start(['order-relay'], orderDatabase, RELAY),
    start(['customer-relay'], customerDatabase, RELAY),
    start(
      ['history'],
      {
        SERVICES: 'history',
        ORDER_HISTORY_DATABASE_URL: servers.historyDatabaseUrl,
        EVENT_FEED_URL: url,
      },
      SERVICE,
      historyPort,
    ),
  ]);
  return readyBlock(config, servers, url);
});

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

interface ProcessOptions {
  readonly names: readonly string[];
  /** Undefined: a free port. */
  readonly port: number | undefined;
  readonly script: Script;
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
        port: script === RELAY ? undefined : (port ?? (await freePort())),
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

/** @returns the port */
async function balance(
  host: string,
  port: number,
  processes: readonly ServiceProcess[],
  life: Lifecycle,
): Promise<number> {
  const targets = processes.map(({ url }) => ({ host: LOOPBACK, port: Number(new URL(url).port) }));
  const server = await startBalancer({ host, port }, targets);
  // Existing connections close when their processes have answered.
  life.add({
    stop: () => {
      server.close();
      return Promise.resolve();
    },
  });
  return port;
}
