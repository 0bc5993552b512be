/**
 * The process of the services in SERVICES: HTTP and workers, on existing servers. `prisma/main.ts` applies the migrations
 * before.
 */
import { SEARCH_ATTRIBUTES } from '../workers/search-attributes';
import { readConfig } from '../platform/config';
import { createLogger } from '../platform/logger';
import { runUntilStopped, exitWithError } from '../platform/shutdown';
import { installTemporalRuntime, prepareTemporal } from '../platform/temporal';
import { withTimeout } from '../saga/host/with-timeout';
import { BUNDLE_PATH } from '../workers/bundle-path';
import { startService } from './service';
import { serviceSettings } from './service-settings';

/** 90 s: a cluster takes up to a minute to add a search attribute. With a server that hangs, the process ends instead. */
const PREPARE_TIMEOUT_MS = 90_000;

function main(): void {
  const config = readConfig();
  const settings = serviceSettings(config, {
    bundlePath: BUNDLE_PATH,
    temporal: config.temporal,
    temporalUiUrl: config.TEMPORAL_UI_URL ?? 'http://localhost:8233',
    orderDatabaseUrl: config.ORDER_DATABASE_URL,
    customerDatabaseUrl: config.CUSTOMER_DATABASE_URL,
    historyDatabaseUrl: config.ORDER_HISTORY_DATABASE_URL,
  });
  const logger = createLogger(config.LOG_LEVEL);
  installTemporalRuntime(logger);
  runUntilStopped(logger, async () => {
    if (settings.temporal)
      await withTimeout(
        prepareTemporal(settings.temporal, SEARCH_ATTRIBUTES),
        PREPARE_TIMEOUT_MS,
        `preparation of TEMPORAL_NAMESPACE ${settings.temporal.namespace}`,
      );
    const service = await startService(settings, logger);
    logger.info({ url: service.url, services: config.SERVICES, workflows: service.workflows }, 'ready');
    return service;
  });
}

try {
  main();
} catch (error) {
  exitWithError(error);
}
