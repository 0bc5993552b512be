/** The connection to Temporal, shared by a process's client and its workers. */
import { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Logger } from './logger';

export interface TemporalAddress {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
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
    shutdownSignals: [],
  });
}

/** @throws Error when the server cannot be reached */
export async function connectTemporal({ address, namespace }: TemporalAddress): Promise<TemporalLink> {
  const connection = await NativeConnection.connect({ address });
  return { connection, client: new Client({ connection, namespace }) };
}

/**
 * Registers a KeywordList search attribute where the namespace does not have it.
 *
 * @throws Error when the namespace is unknown or the attribute may not be added
 */
export async function ensureKeywordList(
  { connection }: TemporalLink,
  namespace: string,
  attribute: string,
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  if (customAttributes[attribute] !== undefined) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: { [attribute]: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST },
  });
}
