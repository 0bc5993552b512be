/** The embedded Temporal: the official dev server with its UI, on a SQLite file in DATA_DIR. */
import { openSync } from 'node:fs';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../workers/search-attributes';
import { type Child, spawnServer, stopChild } from './child';
import { StartError } from './start-error';

/** 60 s: the first start creates its schema; on a busy machine that takes its time. */
const READY_WITHIN_MS = 60_000;
const READY_POLL_MS = 100;
/** 3 s: it has nothing to finish; what it has acknowledged is on disk. */
const STOP_WITHIN_MS = 3_000;

/**
 * WAL doubles the rate; synchronous=full makes an acknowledged start survive a power cut. The dispatch rate
 * of 20 a second for each history shard is meant for clusters with many; a dev server has one. By default a timer
 * of less than a second fires when a second is over, so that whoever waits 50 ms for a row waits a second; with 50 ms
 * it fires in time. A workflow task that was lost three times has each further time twice as long, up to ten minutes, until
 * another worker gets it: a saga would stand still for half a minute because its workers were killed five times. 5 s more
 * are the least that a server knows (less switches it off): 7 s are enough for a machine that is too busy to do a task in 2 s.
 */
const SERVER_OPTIONS = [
  ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full'],
  ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="50ms"'],
  ...['--dynamic-config-value', 'history.workflowTaskRetryMaxInterval="5s"'],
  ...SEARCH_ATTRIBUTES.flatMap((attribute) => ['--search-attribute', `${attribute}=KeywordList`]),
  ...['--ip', '127.0.0.1', '--log-level', 'warn'],
];

export interface TemporalOptions {
  readonly cliPath: string;
  readonly dataDir: string;
  readonly port: number;
  /** Unset runs without the UI. */
  readonly uiPort?: number;
  readonly namespaces: readonly string[];
  /** Serves Prometheus metrics of the server there. */
  readonly metricsPort?: number;
}

export interface EmbeddedTemporal {
  readonly address: string;
  readonly child: Child;
  stop(): Promise<void>;
}

/** @throws StartError in one line that names what to change */
export async function startTemporal(options: TemporalOptions): Promise<EmbeddedTemporal> {
  const { cliPath, dataDir, port, uiPort, namespaces, metricsPort } = options;
  const logFile = path.join(dataDir, 'logs', 'temporal.log');
  const args = [
    ...['server', 'start-dev', '--port', String(port), '--db-filename', path.join(dataDir, 'temporal.db')],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
    ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
    ...SERVER_OPTIONS,
  ];
  const child = spawnServer('temporal', cliPath, args, openSync(logFile, 'a'), dataDir);
  const address = `127.0.0.1:${String(port)}`;
  await waitUntilReady(address, namespaces, child, logFile);
  return { address, child, stop: () => stopChild(child, 'SIGTERM', STOP_WITHIN_MS) };
}

async function waitUntilReady(
  address: string,
  namespaces: readonly string[],
  child: Child,
  logFile: string,
): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    if (child.ended)
      throw new StartError(`Temporal ended while it started (DATA_DIR, TEMPORAL_PORT); see ${logFile}`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      for (const namespace of namespaces) await connection.workflowService.describeNamespace({ namespace });
      await connection.close();
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        throw new StartError(
          `Temporal was not ready in ${String(READY_WITHIN_MS / 1000)} s; see ${logFile}`,
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
  }
}
