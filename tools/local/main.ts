/** `npm start`: starts the servers and the services, and prints the addresses. */
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { type RunningService, startService } from '../../api/service';
import { serviceSettings } from '../../api/service-settings';
import { options, runCommand } from '../../platform/command';
import type { Config } from '../../platform/config';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { BUNDLE_PATH } from '../../workers/bundle-path';
import { type Lifecycle, runStart } from './lifecycle';
import { readyBlock } from './ready-block';
import { requireServers, type Servers, startServers } from './servers';

runCommand({
  usage: `npm start   starts Postgres, Temporal with its UI, both services and the API, until Ctrl-C

docs/configuration.md lists the environment variables, such as PORT and DATA_DIR.`,
  read: options({}),
  run: () => {
    runStart(startAll);
    return Promise.resolve(undefined);
  },
});

async function startAll(config: Config, life: Lifecycle): Promise<string> {
  await requireServers(config);
  const servers = await startServers(config, (server) => {
    life.addServer(server);
  });
  const service = await serve(config, servers);
  life.add(service);
  service.failed.catch(
    (error: unknown) => void life.stop(1, `A worker ended unexpectedly: ${String(error)}`),
  );
  return readyBlock(config, servers, service.url);
}

function serve(config: Config, servers: Servers): Promise<RunningService> {
  const logger = createLogger(
    config.LOG_LEVEL,
    createWriteStream(path.join(config.DATA_DIR, 'logs', 'service.log'), { flags: 'a' }),
  );
  installTemporalRuntime(logger);
  return startService(serviceSettings(config, { ...servers, bundlePath: BUNDLE_PATH }), logger);
}
