/** The connection to Temporal, shared by a process's client and its workers. */
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  type NativeConnectionOptions,
  Runtime,
} from '@temporalio/worker';
import type { Logger } from './logger';

export interface TemporalTarget {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
  readonly tls?: NativeConnectionOptions['tls'];
  readonly apiKey?: string | undefined;
  /** Holds the configured payload codecs. */
  readonly dataConverter?: DataConverter | undefined;
  /** gRPC headers sent with each call. */
  readonly metadata?: NativeConnectionOptions['metadata'];
}

/** Client and workers share one connection: an eager start requires it. */
export interface TemporalLink {
  readonly connection: NativeConnection;
  readonly client: Client;
}

let runtimeInstalled = false;

/** Forwards the SDK's log to ours and disables its signal handlers: `runUntilStopped` handles the signals. */
export function installTemporalRuntime(logger: Logger): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      logger[levels[level]]({ ...meta, sdk: 'temporal' }, message);
    }),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
    },
    shutdownSignals: [],
  });
}

/** @throws Error when the server cannot be reached */
export async function connectTemporal(target: TemporalTarget): Promise<TemporalLink> {
  const { address, namespace, tls, apiKey, metadata, dataConverter } = target;
  const connection = await NativeConnection.connect({
    address,
    ...(tls != null && { tls }),
    ...(apiKey !== undefined && { apiKey }),
    ...(metadata && { metadata }),
  });
  return {
    connection,
    client: new Client({ connection, namespace, ...(dataConverter && { dataConverter }) }),
  };
}

/** The reason that the server or the network gives. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'details' in error && typeof error.details === 'string' ? error.details : error.message;
}
