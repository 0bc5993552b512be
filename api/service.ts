/** Starts and stops a process: HTTP and the services of its settings (`saga-services.ts`, `history-service.ts`). */
import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpUrl } from '../platform/http-url';
import type { Logger } from '../platform/logger';
import { Metrics } from '../platform/metrics';
import { createApp, createMetricsApp } from './app';
import type { CodecServer } from './codec/codec-routes';
import { readiness, type Readiness } from './operations/health';
import { drainServer, unusedConnections } from './http/graceful-shutdown';
import { serviceHeaders } from './http/service-tokens';
import { createHttpServer } from './http/server';
import { databaseMetrics } from './operations/process-metrics';
import { startHistoryService } from './history-service';
import { createReaders } from './readers';
import { startSagaServices } from './saga-services';
import type { WorkflowVersion } from '../workers/build-id';
import type { ServiceSettings } from './service-settings';

export interface RunningService {
  readonly url: string;
  /** Version of the workflow code; undefined when the process runs no sagas. */
  readonly workflows: WorkflowVersion | undefined;
  /** What `/readyz` answers. */
  readonly ready: Readiness;
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
  const readers = createReaders(settings.readers, stopping.signal, metrics);
  const sagas = await startSagaServices(settings, logger, readers, metrics, eventBase);
  const history =
    settings.history &&
    startHistoryService(settings.history, logger, metrics, readers, serviceHeaders(settings.authentication));
  databaseMetrics(metrics, { ...sagas?.pools, ...history?.pools });
  const ready = readiness({
    ...sagas?.checks,
    ...history?.checks,
    process: () => (stopping.signal.aborted ? Promise.reject(new Error('stopping')) : Promise.resolve()),
  });
  const { metricsPort } = settings;
  const app = createApp({
    logger,
    metrics,
    forwarded: [],
    ...sagas?.routes,
    ...history?.routes,
    codec: codecServer(settings),
    workflows: sagas?.version,
    authentication: settings.authentication,
    requestsPerMinute: settings.requestsPerMinute,
    hasMetricsPort: metricsPort !== undefined,
    temporalUiUrl: settings.temporalUiUrl,
    trustedProxies: settings.trustedProxies,
    stopping: stopping.signal,
    ready,
  });
  const server = createHttpServer(app);
  const unused = unusedConnections(server);
  const metricsServer =
    metricsPort === undefined
      ? undefined
      : createHttpServer(
          createMetricsApp({
            ...{ logger, metrics, ready },
            workflows: sagas?.version,
            authentication: settings.authentication,
          }),
        );
  await listen(server, settings.host, settings.port);
  if (metricsServer && metricsPort !== undefined) await listen(metricsServer, settings.host, metricsPort);
  const { port } = server.address() as AddressInfo;
  url = httpUrl(settings.host, port);
  history?.follow(sagas?.routes.events?.feed);
  return {
    url,
    workflows: sagas?.version,
    ready,
    failed: sagas?.failed ?? new Promise<never>(() => undefined),
    stop: async () => {
      stopping.abort();
      await history?.stop();
      await sleep(settings.shutdownDelayMs);
      await drainServer(server, unused);
      await sagas?.stop();
      await history?.close();
      metricsServer?.close();
      metricsServer?.closeAllConnections();
      await metrics.stop();
    },
  };
}

function codecServer({ order, temporal, temporalUiUrl }: ServiceSettings): CodecServer | undefined {
  const codecs = temporal?.dataConverter?.payloadCodecs ?? [];
  if (!order || !temporal || codecs.length === 0) return undefined;
  return { codecs, namespace: temporal.namespace, uiOrigin: new URL(temporalUiUrl).origin };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
