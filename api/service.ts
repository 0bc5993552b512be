/** Starts and stops a process: HTTP and the services of its settings (`saga-services.ts`, `history-service.ts`). */
import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../platform/logger';
import { Metrics } from '../platform/metrics';
import { createApp } from './app';
import { readiness } from './operations/health';
import { drainServer } from './http/graceful-shutdown';
import { databaseMetrics } from './operations/process-metrics';
import { startHistoryService } from './history-service';
import { startSagaServices } from './saga-services';
import type { WorkflowVersion } from '../workers/workers';
import type { ServiceSettings } from './service-settings';

export interface RunningService {
  readonly url: string;
  /** Version of the workflow code; undefined when the process runs no sagas. */
  readonly workflows: WorkflowVersion | undefined;
  /** Rejects when a worker fails. */
  readonly failed: Promise<never>;
  /** Reports that it is stopping, then drains the HTTP requests and the steps in progress, then closes the connections. */
  stop(): Promise<void>;
}

export async function startService(settings: ServiceSettings, logger: Logger): Promise<RunningService> {
  const stopping = new AbortController();
  // Each client that waits for events adds a listener: no warning about their number.
  setMaxListeners(0, stopping.signal);
  const metrics = new Metrics();
  let url = '';
  const eventBase = () => ({
    uri: settings.eventBaseUri ?? url,
    isStated: settings.eventBaseUri !== undefined,
  });
  const sagas = await startSagaServices(settings, logger, stopping.signal, metrics, eventBase);
  const history = settings.history && startHistoryService(settings.history, logger, metrics);
  databaseMetrics(metrics, { ...sagas?.pools, ...history?.pools });
  const ready = readiness({ ...sagas?.checks, ...history?.checks });
  const app = createApp({
    logger,
    metrics,
    forwarded: [],
    ...sagas?.routes,
    ...history?.routes,
    workflows: sagas?.version,
    stopping: stopping.signal,
    ready: async () => ({
      ...(await ready()),
      ...(stopping.signal.aborted && { process: 'unavailable' as const }),
    }),
  });
  const server = await listen(app, settings.host, settings.port);
  const { port } = server.address() as AddressInfo;
  url = `http://${settings.host}:${String(port)}`;
  history?.follow(url);
  return {
    url,
    workflows: sagas?.version,
    failed: sagas?.failed ?? new Promise<never>(() => undefined),
    stop: async () => {
      stopping.abort();
      await history?.stop();
      await sleep(settings.shutdownDelayMs);
      await drainServer(server);
      await sagas?.stop();
      await history?.close();
      await metrics.stop();
    },
  };
}

/**
 * 65 s: longer than the 60 s after which load balancers usually close an idle connection. If the server closed it first, a
 * request could be on its way and would fail with an unknown outcome.
 */
const KEEP_ALIVE_MS = 65_000;

function listen(app: ReturnType<typeof createApp>, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = app.listen(port, host, (error?: Error) => {
      if (error) reject(error);
      else resolve(server);
    });
    server.keepAliveTimeout = KEEP_ALIVE_MS;
  });
}
