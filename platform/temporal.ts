/** The connection to Temporal, shared by a process's client and its workers. */
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  type NativeConnectionOptions,
  Runtime,
} from '@temporalio/worker';
import { ConfigError } from './config-error';
import type { Logger } from './logger';

/** 60 s: a cluster refreshes its cache of search attributes about twice a minute. */
const ATTRIBUTE_TIMEOUT_MS = 60_000;
const ATTRIBUTE_POLL_MS = 500;

/** 5 s: an available server answers sooner. */
const CONNECT_TIMEOUT_MS = 5_000;

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

/**
 * Checks that the server answers, and registers the search attributes that the namespace lacks. Run it before a
 * service starts.
 *
 * @param attributes names of KeywordList search attributes
 * @throws ConfigError that names the variable and the fix
 */
export async function prepareTemporal(target: TemporalTarget, attributes: readonly string[]): Promise<void> {
  const { address, namespace } = target;
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(reject, CONNECT_TIMEOUT_MS, new Error('no answer in 5 s')).unref();
  });
  const link = await Promise.race([connectTemporal(target), late]).catch((error: unknown) => {
    throw new ConfigError(
      `TEMPORAL_ADDRESS ${address} cannot be reached (${reasonOf(error)}); check TEMPORAL_ADDRESS`,
    );
  });
  try {
    for (const attribute of attributes) await ensureKeywordList(link, namespace, attribute);
  } finally {
    await link.connection.close();
  }
}

/** @throws ConfigError when the attribute is missing and cannot be added */
async function ensureKeywordList(
  { connection }: TemporalLink,
  namespace: string,
  attribute: string,
): Promise<void> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    if (customAttributes[attribute] !== undefined) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: {
        [attribute]: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
      },
    });
    await untilUsable(connection, namespace, attribute);
  } catch (error) {
    throw new ConfigError(
      `TEMPORAL_NAMESPACE ${namespace} cannot be used: its search attribute ${attribute} (KeywordList) is missing ` +
        `and could not be added (${reasonOf(error)}); add it with an account that may: temporal operator ` +
        `search-attribute create --namespace ${namespace} --name ${attribute} --type KeywordList`,
    );
  }
}

/** A server rejects a start with a new attribute until it has refreshed its cache. */
async function untilUsable(
  { workflowService }: NativeConnection,
  namespace: string,
  attribute: string,
): Promise<void> {
  const deadline = Date.now() + ATTRIBUTE_TIMEOUT_MS;
  for (;;) {
    try {
      await workflowService.countWorkflowExecutions({ namespace, query: `${attribute} = 'nothing'` });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, ATTRIBUTE_POLL_MS));
    }
  }
}

/** The reason that the server or the network gives. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'details' in error && typeof error.details === 'string' ? error.details : error.message;
}
