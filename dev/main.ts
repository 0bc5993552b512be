/** `npm start`: the servers, the databases, the service, and one block that says where everything is. */
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { type RunningService, startService } from '../api/service';
import { serviceSettings } from '../api/service-settings';
import { type Config, readConfig } from '../platform/config';
import { ConfigError } from '../platform/config-error';
import { createLogger } from '../platform/logger';
import { installTemporalRuntime } from '../platform/temporal';
import { BUNDLE_PATH } from '../workers/bundle-path';
import { Owner } from './owner';
import { requireDataDir } from './preconditions';
import { requireServers, type Servers, startServers } from './servers';
import { StartError } from './start-error';
import { type Child } from './child';

/** 200 ms: how soon we notice that the npm that started us was killed. */
const PARENT_POLL_MS = 200;

/** 9.5 s: a stop that takes longer is ended; the next start picks up what was under way. */
const STOP_WITHIN_MS = 9_500;

interface Stoppable {
  readonly child?: Child;
  stop(): Promise<void>;
}

async function main(): Promise<void> {
  const config = readConfig();
  requireDataDir(config.DATA_DIR);
  const owner = new Owner(config.DATA_DIR);
  await owner.take((line) => {
    console.error(`  ${line}`);
  });
  const running: Stoppable[] = [];
  const state = { stopping: false };

  const stop = async (exitCode: number, why: string): Promise<void> => {
    if (state.stopping) {
      console.error('  ending at once');
      for (const { child } of running) child?.process.kill('SIGKILL');
      process.exit(1);
    }
    state.stopping = true;
    console.error(`\n${why}`);
    setTimeout(() => {
      for (const { child } of running) child?.process.kill('SIGKILL');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    // The last started is the first stopped: requests, then workers, then the servers under them.
    for (const part of running.reverse()) await part.stop();
    owner.release();
    process.exit(exitCode);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void stop(0, 'Stopping: requests and steps under way are finished first.'));
  }
  stopWithParent(() => void stop(0, 'npm has gone; stopping.'));

  try {
    await requireServers(config);
    const servers = await startServers(config, (server) => {
      running.push(server);
      owner.add(server.child.name, server.child.process.pid);
      void server.child.exit.then(() => {
        if (!state.stopping)
          void stop(
            1,
            `${server.child.name} has ended by itself; see ${config.DATA_DIR}/logs/${server.child.name}.log`,
          );
      });
    });
    const service = await serve(config, servers);
    running.push(service);
    service.failed.catch(
      (error: unknown) => void stop(1, `The worker has ended by itself: ${oneLine(error)}`),
    );
    console.log(readyBlock(config, servers, service));
  } catch (error) {
    if (state.stopping) return;
    await stop(1, oneLine(error));
  }
}

function serve(config: Config, servers: Servers): Promise<RunningService> {
  const logger = createLogger(
    config.LOG_LEVEL,
    createWriteStream(path.join(config.DATA_DIR, 'logs', 'service.log'), { flags: 'a' }),
  );
  installTemporalRuntime(logger);
  return startService(serviceSettings(config, { ...servers, bundlePath: BUNDLE_PATH }), logger);
}

/**
 * When npm is killed, nobody is left to stop us: we stop by ourselves. The start script says `exec`, so
 * that no shell stands between npm and us that would live on.
 */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid;
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_POLL_MS);
  timer.unref();
}

function oneLine(error: unknown): string {
  if (error instanceof StartError || error instanceof ConfigError) return error.message;
  return error instanceof Error ? `The start failed: ${error.message}` : String(error);
}

function readyBlock(config: Config, servers: Servers, { url }: RunningService): string {
  return `
  Ready in ${process.uptime().toFixed(1)} s

  Orders API    ${url}
  Temporal UI   ${servers.temporalUiUrl}/namespaces/${servers.temporal.namespace}/workflows
  Logs          ${path.join(config.DATA_DIR, 'logs')}

  A first order (a customer with a credit of 100 USD, then an order of 42.50):

    CUSTOMER=$(curl -s ${url}/customers -H 'Content-Type: application/json' \\
      -d '{"name":"Ada","creditLimit":{"amount":"100.00","currency":"USD"}}' | sed 's/.*"customerId":"\\([^"]*\\)".*/\\1/')
    curl -s ${url}/orders -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\
      -d '{"customerId":"'$CUSTOMER'","orderTotal":{"amount":"42.50","currency":"USD"}}'

  Ctrl-C stops everything; the data stays in ${config.DATA_DIR}.
`;
}

main().catch((error: unknown) => {
  console.error(oneLine(error));
  process.exit(1);
});
