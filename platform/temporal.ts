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

/** 60 s: a cluster refreshes what it knows of its search attributes about twice a minute. */
const KNOWN_WITHIN_MS = 60_000;
const KNOWN_POLL_MS = 500;

/** 5 s: a server that is said to be there answers sooner. */
const REACH_WITHIN_MS = 5_000;

export interface TemporalTarget {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
  readonly tls?: NativeConnectionOptions['tls'];
  readonly apiKey?: string | undefined;
  /** With the payload codecs, where there are some. */
  readonly dataConverter?: DataConverter | undefined;
  /** gRPC headers sent with each call. */
  readonly metadata?: NativeConnectionOptions['metadata'];
}

/** Client and workers use one connection: a start is eager only when the worker is known on it. */
export interface TemporalLink {
  readonly connection: NativeConnection;
  readonly client: Client;
}

let runtimeInstalled = false;

/** The SDK's own log goes into ours, and stopping is our business, not that of its signal handlers. */
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
 * What must hold before a service starts: the server answers, and its namespace has the search attributes,
 * which are registered when they are missing.
 *
 * @param attributes KeywordLists
 * @throws ConfigError naming the variable, and what to do
 */
export async function prepareTemporal(target: TemporalTarget, attributes: readonly string[]): Promise<void> {
  const { address, namespace } = target;
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(reject, REACH_WITHIN_MS, new Error('no answer in 5 s')).unref();
  });
  const link = await Promise.race([connectTemporal(target), late]).catch((error: unknown) => {
    throw new ConfigError(`TEMPORAL_ADDRESS ${address} cannot be reached (${reasonOf(error)}); mend it`);
  });
  try {
    for (const attribute of attributes) await ensureKeywordList(link, namespace, attribute);
  } finally {
    await link.connection.close();
  }
}

/** @throws ConfigError when it is missing and cannot be added */
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
    await untilKnown(connection, namespace, attribute);
  } catch (error) {
    throw new ConfigError(
      `TEMPORAL_NAMESPACE ${namespace} cannot be used: its search attribute ${attribute} (KeywordList) is missing ` +
        `and could not be added (${reasonOf(error)}); let somebody add it who may: temporal operator search-attribute ` +
        `create --namespace ${namespace} --name ${attribute} --type KeywordList`,
    );
  }
}

/** A server refuses to start a workflow with an attribute that it has not heard of yet. */
async function untilKnown(
  { workflowService }: NativeConnection,
  namespace: string,
  attribute: string,
): Promise<void> {
  const deadline = Date.now() + KNOWN_WITHIN_MS;
  for (;;) {
    try {
      await workflowService.countWorkflowExecutions({ namespace, query: `${attribute} = 'nothing'` });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, KNOWN_POLL_MS));
    }
  }
}

/** What the server or the network says. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'details' in error && typeof error.details === 'string' ? error.details : error.message;
}
