/** `npm start`: starts the servers and the services, and prints the addresses. */
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { type RunningService, startService } from '../../api/service';
import { serviceSettings } from '../../api/service-settings';
import type { Config } from '../../platform/config';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { BUNDLE_PATH } from '../../workers/bundle-path';
import type { IdentityProvider } from './identity-provider';
import { type Lifecycle, runStart } from './lifecycle';
import { readyBlock } from './ready-block';
import type { Servers } from './servers';

runStart(
  'npm start   starts Postgres, Temporal with its UI, both services and the API, until Ctrl-C',
  startAll,
);

async function startAll(
  config: Config,
  servers: Servers,
  life: Lifecycle,
  provider: IdentityProvider | undefined,
): Promise<string> {
  const service = await serve(config, servers);
  life.add(service);
  service.failed.catch(
    (error: unknown) => void life.stop(1, `A worker ended unexpectedly: ${String(error)}`),
  );
  const { reasons } = await service.ready();
  return readyBlock(config, servers, service.url, { provider, warnings: Object.values(reasons) });
}

function serve(config: Config, servers: Servers): Promise<RunningService> {
  const logger = createLogger(
    config.LOG_LEVEL,
    createWriteStream(path.join(config.DATA_DIR, 'logs', 'service.log'), { flags: 'a' }),
  );
  installTemporalRuntime(logger);
  return startService(serviceSettings(config, { ...servers, bundlePath: BUNDLE_PATH }), logger);
}
