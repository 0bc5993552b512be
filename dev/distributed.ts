/**
 * `npm run start:distributed`: two order services and two customer services as processes of their own, on
 * the same servers as `npm start`, with one address for the API.
 */
import type { Config } from '../platform/config';
import { startBalancer } from './balancer';
import { type Lifecycle, runStart } from './lifecycle';
import { readyBlock } from './ready-block';
import { freePort } from './scratch-postgres';
import { requireServers, type Servers, startServers } from './servers';
import { ServiceProcess } from './service-process';

/** Two of each: enough to lose one. */
const PROCESSES_EACH = 2;
const NAME_WIDTH = 'customer-2'.length;

/** What belongs to one service only, or to nobody but this start. */
const NOT_SHARED = [
  'ORDER_DATABASE_URL',
  'ORDER_DATABASE_OWNER_URL',
  'CUSTOMER_DATABASE_URL',
  'CUSTOMER_DATABASE_OWNER_URL',
  'DATABASE_ADMIN_URL',
];

runStart(async (config, life) => {
  await requireServers(config);
  const servers = await startServers(config, (server) => {
    life.addServer(server);
  });
  const shared = sharedEnvironment(config, servers);
  const customers = await startProcesses('customer', config, life, {
    ...shared,
    CUSTOMER_DATABASE_URL: servers.customerDatabaseUrl,
  });
  const customerPort = await balance(config.HOST, await freePort(), customers, life);
  const orders = await startProcesses('order', config, life, {
    ...shared,
    ORDER_DATABASE_URL: servers.orderDatabaseUrl,
    CUSTOMER_SERVICE_URL: `http://${config.HOST}:${String(customerPort)}`,
  });
  const port = await balance(config.HOST, config.PORT, orders, life);
  return readyBlock(config, servers, `http://${config.HOST}:${String(port)}`);
});

function sharedEnvironment(config: Config, { temporal, temporalUiUrl }: Servers): NodeJS.ProcessEnv {
  const env = Object.entries(process.env).filter(([name]) => !NOT_SHARED.includes(name));
  return {
    ...Object.fromEntries(env),
    // Of a named server the environment has everything already: its address, TLS and key.
    ...(!config.temporal && { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace }),
    TEMPORAL_UI_URL: temporalUiUrl,
  };
}

async function startProcesses(
  service: 'order' | 'customer',
  { HOST: host }: Config,
  life: Lifecycle,
  env: NodeJS.ProcessEnv,
): Promise<readonly ServiceProcess[]> {
  const processes: ServiceProcess[] = [];
  for (let number = 1; number <= PROCESSES_EACH; number++) {
    processes.push(
      new ServiceProcess({
        name: `${service}-${String(number)}`,
        width: NAME_WIDTH,
        host,
        port: await freePort(),
        env: { ...env, SERVICES: service },
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
  const targets = processes.map(({ url }) => ({ host, port: Number(new URL(url).port) }));
  const server = await startBalancer({ host, port }, targets);
  // Takes no more connections; those that there are end when their processes have answered.
  life.add({
    stop: () => {
      server.close();
      return Promise.resolve();
    },
  });
  return port;
}
