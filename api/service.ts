/**
 * A process of ours: HTTP for the services that it runs, whatever these are. Their parts are composed in
 * `saga-services.ts` and `history-service.ts`.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpTerminator } from 'http-terminator';
import type { Logger } from '../platform/logger';
import { createApp } from './app';
import { readiness } from './health';
import { startHistoryService } from './history-service';
import { startSagaServices } from './saga-services';
import type { ServiceSettings } from './service-settings';

/** 4 s for requests under way; what is left of the 10 s of a stop belongs to the worker and the servers. */
const REQUEST_DRAIN_MS = 4_000;

export interface RunningService {
  readonly url: string;
  /** Rejects when a worker dies by itself. */
  readonly failed: Promise<never>;
  /** Drains in order: HTTP requests, sagas' steps under way, connections. */
  stop(): Promise<void>;
}

export async function startService(settings: ServiceSettings, logger: Logger): Promise<RunningService> {
  const stopping = new AbortController();
  const sagas = await startSagaServices(settings, logger, stopping.signal);
  const history = settings.history && startHistoryService(settings.history, logger);
  const app = createApp({
    logger,
    forwarded: [],
    ...sagas?.routes,
    ...history?.routes,
    ready: readiness({ ...sagas?.checks, ...history?.checks }),
  });
  const server = await listen(app, settings.host, settings.port);
  // Answers under way tell their callers to close; who keeps a connection open would be cut off otherwise.
  const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: REQUEST_DRAIN_MS });
  const { port } = server.address() as AddressInfo;
  const url = `http://${settings.host}:${String(port)}`;
  history?.follow(url);
  return {
    url,
    failed: sagas?.failed ?? new Promise<never>(() => undefined),
    stop: async () => {
      stopping.abort();
      await history?.stop();
      await terminator.terminate();
      await sagas?.stop();
      await history?.close();
    },
  };
}

function listen(app: ReturnType<typeof createApp>, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = app.listen(port, host, (error?: Error) => {
      if (error) reject(error);
      else resolve(server);
    });
  });
}
