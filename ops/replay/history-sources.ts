/** Where histories to replay come from: files, the recorded corpus, or a running server. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type HistoryAndWorkflowId, isGrpcServiceError, type WorkflowClient } from '@temporalio/client';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { eachWithTimeout, withTimeout } from '../../saga/host/with-timeout';
import { type History, workflowIdOf } from './recorded-steps';

/** 5 downloads ahead of whoever reads: enough to keep two cores replaying, and all that is in memory. */
const DOWNLOADS = 5;

/** 30 s for a page of the list, and for a history: thousands of events through a slow network. */
const DOWNLOADED_WITHIN_MS = 30_000;

/** NOT_FOUND of https://grpc.io/docs/guides/status-codes/. */
const GONE = [5];

/** @throws Error when it is not a history as the Temporal UI or CLI exports one */
export function historyOf(json: unknown): History {
  const history: History = historyFromJSON(json);
  if (!history.events?.[0]?.workflowExecutionStartedEventAttributes) {
    throw new Error('it does not begin as a history does; export one from the Temporal UI or CLI as JSON');
  }
  return history;
}

export interface NamedHistory {
  readonly workflowId: string;
  readonly history: History;
}

/** The recorded ones, each under its file's name, which is its path through the saga.
 *
 * @throws Error naming the file that is not a history
 */
export function* ofFiles(files: readonly string[]): Generator<NamedHistory> {
  for (const file of files) yield { workflowId: nameOf(file), history: ofFile(file) };
}

/** Somebody's, each under the id of its workflow.
 *
 * @throws Error naming the file that is not a history
 */
export function* ofExports(files: readonly string[]): Generator<NamedHistory> {
  for (const file of files) {
    const history = ofFile(file);
    yield { workflowId: workflowIdOf(history) ?? nameOf(file), history };
  }
}

const nameOf = (file: string): string => path.basename(file, '.json');

function ofFile(file: string): History {
  try {
    return historyOf(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file} is no history: ${reason}`, { cause: error });
  }
}

export interface ServerHistories {
  readonly client: { readonly workflow: Pick<WorkflowClient, 'list' | 'getHandle'> };
  /** In Temporal's list filter language. */
  readonly query: string;
  /** Most histories. */
  readonly limit: number;
  /** Told of a workflow that was listed and is not there any more: its retention was over. */
  readonly onGone?: (workflowId: string) => void;
}

type Download =
  { readonly history: HistoryAndWorkflowId } | { readonly gone: string } | { readonly failure: unknown };

/**
 * Open and closed workflows that match the query, one after the other. Few are downloaded before they are asked for, and
 * none beyond the limit: the SDK's own `intoHistories` downloads on while nobody reads.
 *
 * @throws Error what the server failed with
 */
export async function* ofServer({
  client,
  query,
  limit,
  onGone,
}: ServerHistories): AsyncGenerator<HistoryAndWorkflowId> {
  const listed = eachWithTimeout(client.workflow.list({ query }), DOWNLOADED_WITHIN_MS, 'list of sagas');
  const ahead: Promise<Download>[] = [];
  let given = 0;
  let more = true;
  for (;;) {
    while (more && ahead.length < DOWNLOADS && given + ahead.length < limit) {
      const next = await listed.next();
      if (next.done) more = false;
      else ahead.push(download(client, next.value));
    }
    const first = await ahead.shift();
    if (!first) return;
    if ('failure' in first) throw first.failure;
    if ('gone' in first) onGone?.(first.gone);
    else {
      given += 1;
      yield first.history;
    }
  }
}

/** Never rejects: it may fail while an earlier one is still read. */
async function download(
  { workflow }: ServerHistories['client'],
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Promise<Download> {
  try {
    const fetched = workflow.getHandle(workflowId, runId).fetchHistory();
    const history = await withTimeout(fetched, DOWNLOADED_WITHIN_MS, `history of ${workflowId}`);
    return { history: { workflowId, history } };
  } catch (failure) {
    return isGrpcServiceError(failure) && GONE.includes(failure.code) ? { gone: workflowId } : { failure };
  }
}
