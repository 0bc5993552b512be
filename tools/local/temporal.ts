/** The embedded Temporal: the official dev server with its UI, on a SQLite file in DATA_DIR. */
import { openSync } from 'node:fs';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { reasonOf } from '../../platform/temporal';
import { SEARCH_ATTRIBUTES } from '../../workers/search-attributes';
import { type Child, spawnServer, stopChild } from './child';
import { StartError } from './start-error';
import { until } from './until';

/** 60 s: the first start creates the schema, which is slow on a busy machine. */
const READY_WITHIN_MS = 60_000;
const READY_POLL_MS = 100;
/** 3 s: it has nothing to finish; acknowledged writes are on disk. */
const STOP_WITHIN_MS = 3_000;

/**
 * - SQLite: WAL doubles the rate; synchronous=full makes an acknowledged start survive a power failure.
 * - Dispatch rate: the default of 20 per second and history shard suits clusters with many; a dev server has one.
 * - Timers: by default a timer of less than a second fires after a second, so a retry pause of 50 ms would take 1 s.
 * - Workflow task retries: after three lost attempts, the server doubles the timeout each time, up to ten minutes. A
 *   saga whose workers were killed five times would wait half a minute. 5 s on top of the task's own 2 s is the
 *   minimum (less disables the limit), and 7 s are enough on a busy machine.
 */
const SERVER_OPTIONS = [
  ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full'],
  ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="50ms"'],
  ...['--dynamic-config-value', 'history.workflowTaskRetryMaxInterval="5s"'],
  ...SEARCH_ATTRIBUTES.flatMap((attribute) => ['--search-attribute', `${attribute}=KeywordList`]),
  ...['--ip', '127.0.0.1', '--log-level', 'warn'],
];

/** The client would otherwise look for the server behind the proxy of `http_proxy`. */
const DIRECT = { 'grpc.enable_http_proxy': 0 };

export interface TemporalOptions {
  readonly cliPath: string;
  readonly dataDir: string;
  readonly port: number;
  /** Undefined: no UI. */
  readonly uiPort?: number;
  /** URL of the codec server that the UI calls from the browser; undefined: payloads are not encoded. */
  readonly uiCodecEndpoint?: string | undefined;
  readonly namespaces: readonly string[];
  /** Port of the server's Prometheus metrics. */
  readonly metricsPort?: number;
}

export interface EmbeddedTemporal {
  readonly address: string;
  readonly child: Child;
  stop(): Promise<void>;
}

/**
 * @param onSpawned called before the server is ready
 * @throws StartError with one line that names the setting to change; the server is stopped then
 */
export async function startTemporal(
  options: TemporalOptions,
  onSpawned: (server: EmbeddedTemporal) => void = () => undefined,
): Promise<EmbeddedTemporal> {
  const { cliPath, dataDir, port, uiPort, uiCodecEndpoint, namespaces, metricsPort } = options;
  const logFile = path.join(dataDir, 'logs', 'temporal.log');
  const args = [
    ...['server', 'start-dev', '--port', String(port), '--db-filename', path.join(dataDir, 'temporal.db')],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(uiCodecEndpoint === undefined ? [] : ['--ui-codec-endpoint', uiCodecEndpoint]),
    ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
    ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
    ...SERVER_OPTIONS,
  ];
  const child = spawnServer('temporal', cliPath, args, openSync(logFile, 'a'), dataDir);
  const address = `127.0.0.1:${String(port)}`;
  const server = { address, child, stop: () => stopChild(child, 'SIGTERM', STOP_WITHIN_MS) };
  onSpawned(server);
  try {
    await waitUntilReady(address, namespaces, child, logFile);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** @throws StartError when it exits, or is not ready in time */
async function waitUntilReady(
  address: string,
  namespaces: readonly string[],
  child: Child,
  logFile: string,
): Promise<void> {
  let reason: unknown;
  const over = async () => {
    reason = await failureOf(address, namespaces);
    return child.ended || reason === undefined;
  };
  const inTime = await until(over, { everyMs: READY_POLL_MS, withinMs: READY_WITHIN_MS });
  if (child.ended)
    throw new StartError(
      `Temporal exited during its start; check DATA_DIR and TEMPORAL_PORT, see ${logFile}`,
    );
  if (!inTime)
    throw new StartError(
      `Temporal was not ready in ${String(READY_WITHIN_MS / 1000)} s (${reasonOf(reason)}); see ${logFile}`,
      { cause: reason },
    );
}

/** @returns why the server does not answer, or lacks one of the namespaces; undefined when it is ready */
async function failureOf(address: string, namespaces: readonly string[]): Promise<unknown> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: 1_000, channelArgs: DIRECT });
    try {
      for (const namespace of namespaces) await connection.workflowService.describeNamespace({ namespace });
      return undefined;
    } finally {
      await connection.close();
    }
  } catch (error) {
    return error;
  }
}
