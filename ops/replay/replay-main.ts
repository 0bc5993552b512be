/**
 * `npm run replay`: checks that the current workflow code can continue sagas that older code began. Exit code 0: all
 * histories replayed; 1: one diverged; 2: the check could not cover all histories.
 */
import type { HistoryAndWorkflowId } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { z } from 'zod';
import { CANCEL_ORDER_SAGA, CREATE_ORDER_SAGA } from '../../domain/names';
import { flag, oneLine, options, positiveWholeNumber, runCommand } from '../../platform/command';
import { readConfig, readConfigWith } from '../../platform/config';
import { ConfigError } from '../../platform/config-error';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { withTimeout } from '../../saga/host/with-timeout';
import { BUNDLE_PATH } from '../../workers/bundle-path';
import { progressBar } from '../progress-bar';
import { connectTo } from '../temporal';
import { corpusFiles } from './corpus';
import { ofExports, ofFiles, ofServer } from './history-sources';
import { replay } from './replay';
import { ReplayReport } from './replay-report';

const USAGE = `npm run replay                                     the recorded histories of test/replay/histories
npm run replay -- --history FILE…                  files exported from the Temporal UI or CLI
npm run replay -- --address HOST:PORT [--namespace NAME] [--query QUERY] [--since TIME] [--limit N]
                                                   histories of a running server, open and closed

  --query QUERY    Temporal's list filter, as in the UI: "ExecutionStatus = 'Running'"
  --since TIME     only sagas started since then: 2026-11-24, 2026-11-24T10:00:00Z, or 90m, 24h, 7d ago
  --limit N        at most N histories
  --allow-none     succeeds when no history matches, as may happen with a query for running sagas
  --json           prints the report as JSON
  --junit FILE     also writes a JUnit report

The connection (TLS, API key, profile) comes from Temporal's environment variables (TEMPORAL_ADDRESS, TEMPORAL_TLS_…,
TEMPORAL_API_KEY, TEMPORAL_PROFILE, …); the payload codec from PAYLOAD_ENCRYPTION_KEYS or PAYLOAD_CODEC_PATH.`;

/** The check could not cover all histories. */
const UNDECIDED = 2;

const TYPES = `WorkflowType IN ('${CREATE_ORDER_SAGA}', '${CANCEL_ORDER_SAGA}')`;

/** 30 s: a filter without an index on the server counts every saga. */
const COUNTED_WITHIN_MS = 30_000;

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const readOptions = options(
  {
    address: z.string().optional(),
    namespace: z.string().optional(),
    query: z.string().optional(),
    since: z
      .string()
      .transform(startOf)
      .refine(
        (time) => !Number.isNaN(time.getTime()),
        'is not a time: use for example 2026-11-24, 90m, 24h or 7d',
      )
      .optional(),
    limit: positiveWholeNumber.optional(),
    'allow-none': flag,
    history: z.array(z.string()).optional(),
    json: flag,
    junit: z.string().optional(),
  },
  z.array(z.string()),
);

type Wish = ReturnType<typeof wishOf>;

interface Source {
  readonly words: string;
  /** Expected number of histories. */
  readonly count: number;
  readonly histories: AsyncIterable<HistoryAndWorkflowId> | Iterable<HistoryAndWorkflowId>;
  /** Workflows that the server has deleted since they were listed. */
  readonly gone: readonly string[];
  close(): Promise<void>;
}

runCommand({
  usage: USAGE,
  read: (args) => wishOf(readOptions(args)),
  failure: { code: UNDECIDED },
  run: replayHistories,
});

async function replayHistories(values: Wish): Promise<number> {
  const { dataConverter } = readConfig();
  installTemporalRuntime(createLogger('silent'));
  const source = await sourceOf(values);
  const report = new ReplayReport(values.junit !== undefined);
  /** Why the result does not cover all histories. */
  const missing: string[] = [];
  await replayAll(source, dataConverter, report).catch((error: unknown) => {
    missing.push(`it ended early, what follows is not decided: ${oneLine(error)}`);
  });
  if (values.json) console.log(JSON.stringify(report, undefined, 2));
  else console.log(report.toString());
  if (source.gone.length > 0)
    console.error(`deleted by the server since they were listed: ${source.gone.join(', ')}`);
  try {
    if (values.junit !== undefined) report.writeJunit(values.junit);
  } catch (error) {
    missing.push(`failed to write the JUnit report: ${oneLine(error)}`);
  }
  if (report.replayed === 0 && report.undecided === 0 && missing.length === 0 && !values['allow-none'])
    missing.push(`no histories: ${source.words}; nothing was replayed, so nothing is decided`);
  for (const words of missing) console.error(words);
  if (report.failed > 0) return 1;
  return report.undecided > 0 || missing.length > 0 ? UNDECIDED : 0;
}

async function replayAll(
  source: Source,
  dataConverter: DataConverter | undefined,
  report: ReplayReport,
): Promise<void> {
  const bar = progressBar('replaying');
  bar.start(source.count, 0);
  try {
    const workflowBundle = { codePath: BUNDLE_PATH };
    for await (const replayed of replay({ workflowBundle, dataConverter }, source.histories)) {
      report.note(replayed);
      bar.increment();
    }
  } finally {
    bar.stop();
    await source.close();
  }
}

function wishOf({ words, ...values }: ReturnType<typeof readOptions>) {
  const { address, namespace, query, since, limit, history } = values;
  // A shell's wildcard after --history expands to several files.
  if (words.length > 0 && !history) throw new Error(`unexpected argument ${words.join(' ')}`);
  const asksServer = [address, namespace, query, since, limit].some((value) => value !== undefined);
  if (asksServer && history) throw new Error('--history and a server exclude each other: use one');
  return { ...values, asksServer, history: history && [...history, ...words] };
}

function sourceOf(values: Wish): Promise<Source> {
  const { history } = values;
  if (values.asksServer) return serverSource(values);
  const files = history ?? corpusFiles();
  return Promise.resolve({
    words: history ? 'the files that were named' : 'the recorded ones',
    count: files.length,
    histories: history ? ofExports(files) : ofFiles(files),
    gone: [],
    close: () => Promise.resolve(),
  });
}

async function serverSource({ address, namespace, query, since, limit = Infinity }: Wish): Promise<Source> {
  const { temporal } = readConfigWith({
    ...(address !== undefined && { TEMPORAL_ADDRESS: address }),
    ...(namespace !== undefined && { TEMPORAL_NAMESPACE: namespace }),
  });
  if (!temporal) throw new ConfigError('no server: set --address HOST:PORT or TEMPORAL_ADDRESS');
  const filter = [TYPES];
  if (query !== undefined) filter.push(`(${query})`);
  if (since !== undefined) filter.push(`StartTime >= '${since.toISOString()}'`);
  const fullQuery = filter.join(' AND ');
  const words = `${fullQuery} in ${temporal.namespace} at ${temporal.address}`;
  const { client, connection } = await connectTo(temporal);
  const { count } = await withTimeout(
    client.workflow.count(fullQuery),
    COUNTED_WITHIN_MS,
    'count of the sagas',
  );
  const gone: string[] = [];
  const onGone = (workflowId: string) => {
    gone.push(workflowId);
  };
  return {
    words,
    count: Math.min(count, limit),
    histories: ofServer({ client, query: fullQuery, limit, onGone }),
    gone,
    close: () => connection.close(),
  };
}

/** @returns the time, or the time that long ago; an invalid one for other text */
function startOf(since: string): Date {
  const [, amount, unit] = /^(\d+)([mhd])$/.exec(since) ?? [];
  return amount !== undefined && (unit === 'm' || unit === 'h' || unit === 'd')
    ? new Date(Date.now() - Number(amount) * UNITS[unit])
    : new Date(since);
}
