/**
 * A process of ours: HTTP for the services that it runs, whatever these are. Their parts are composed in
 * `saga-services.ts` and `history-service.ts`.
 */
import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpUrl } from '../platform/http-url';
import type { Logger } from '../platform/logger';
import { Metrics } from '../platform/metrics';
import { createApp } from './app';
import { readiness, type Readiness } from './operations/health';
import { finishRequests } from './http/graceful-shutdown';
import { databaseMetrics } from './operations/process-metrics';
import { startHistoryService } from './history-service';
import { startSagaServices } from './saga-services';
import type { WorkflowVersion } from '../workers/build-id';
import type { ServiceSettings } from './service-settings';

export interface RunningService {
  readonly url: string;
  /** Of the workflow code, where sagas are run. */
  readonly workflows: WorkflowVersion | undefined;
  /** What `/readyz` answers. */
  readonly ready: Readiness;
  /** Rejects when a worker dies by itself. */
  readonly failed: Promise<never>;
  /** Drains in order: says that it leaves, HTTP requests, sagas' steps under way, connections. */
  stop(): Promise<void>;
}

export async function startService(settings: ServiceSettings, logger: Logger): Promise<RunningService> {
  const stopping = new AbortController();
  // Each reader that waits for events has one, for as long as it waits.
  setMaxListeners(0, stopping.signal);
  const metrics = new Metrics();
  const sagas = await startSagaServices(settings, logger, stopping.signal, metrics);
  const history = settings.history && startHistoryService(settings.history, logger, metrics);
  databaseMetrics(metrics, { ...sagas?.pools, ...history?.pools });
  const ready = readiness({
    ...sagas?.checks,
    ...history?.checks,
    process: () => (stopping.signal.aborted ? Promise.reject(new Error('stopping')) : Promise.resolve()),
  });
  const app = createApp({
    logger,
    metrics,
    forwarded: [],
    ...sagas?.routes,
    ...history?.routes,
    workflows: sagas?.version,
    stopping: stopping.signal,
    ready,
  });
  const server = await listen(app, settings.host, settings.port);
  const { port } = server.address() as AddressInfo;
  const url = httpUrl(settings.host, port);
  history?.follow(url);
  return {
    url,
    workflows: sagas?.version,
    ready,
    failed: sagas?.failed ?? new Promise<never>(() => undefined),
    stop: async () => {
      stopping.abort();
      await history?.stop();
      await sleep(settings.leavingMs);
      await finishRequests(server);
      await sagas?.stop();
      await history?.close();
      await metrics.stop();
    },
  };
}

/**
 * 65 s: longer than the 60 s for which load balancers usually keep a connection that is idle. Whoever closes first must not be
 * the one that is just being sent a request, which then fails, and nobody knows whether it was begun.
 */
const IDLE_CONNECTION_MS = 65_000;

function listen(app: ReturnType<typeof createApp>, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = app.listen(port, host, (error?: Error) => {
      if (error) reject(error);
      else resolve(server);
    });
    server.keepAliveTimeout = IDLE_CONNECTION_MS;
  });
}
