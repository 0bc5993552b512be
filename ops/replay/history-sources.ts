/** Reads the histories to replay: from files, from the recorded corpus, or from a running server. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type HistoryAndWorkflowId, isGrpcServiceError, type WorkflowClient } from '@temporalio/client';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { eachWithTimeout, withTimeout } from '../../saga/host/with-timeout';
import { type History, workflowIdOf } from './recorded-steps';

/** 5 downloads ahead of the reader: enough to keep two cores busy, and the bound on memory. */
const DOWNLOADS = 5;

/** 30 s for a page of the list, and for a history: thousands of events over a slow network. */
const DOWNLOADED_WITHIN_MS = 30_000;

/** NOT_FOUND of https://grpc.io/docs/guides/status-codes/. */
const GONE = [5];

/** @throws Error when the JSON is not a history exported from the Temporal UI or CLI */
export function historyOf(json: unknown): History {
  const history: History = historyFromJSON(json);
  if (!history.events?.[0]?.workflowExecutionStartedEventAttributes) {
    throw new Error(
      'its first event is not the start of a workflow; export a history as JSON from the Temporal UI or CLI',
    );
  }
  return history;
}

export interface NamedHistory {
  readonly workflowId: string;
  readonly history: History;
}

/** Reads recorded histories, each named after its file: the saga's path.
 *
 * @throws Error naming the file that is not a history
 */
export function* ofFiles(files: readonly string[]): Generator<NamedHistory> {
  for (const file of files) yield { workflowId: nameOf(file), history: ofFile(file) };
}

/** Reads exported histories, each named after its workflow id.
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
  /** List filter of Temporal. */
  readonly query: string;
  /** Maximum number of histories. */
  readonly limit: number;
  /** Called for a workflow that the server has deleted since it was listed: its retention has ended. */
  readonly onGone?: (workflowId: string) => void;
}

type Download =
  { readonly history: HistoryAndWorkflowId } | { readonly gone: string } | { readonly failure: unknown };

/**
 * Downloads the open and closed workflows that match the query, few ahead of the reader and none beyond the limit. The SDK's
 * `intoHistories` continues to download without a reader.
 *
 * @throws Error of the server
 */
export async function* ofServer({
  client,
  query,
  limit,
  onGone,
}: ServerHistories): AsyncGenerator<HistoryAndWorkflowId> {
  const listed = eachWithTimeout(client.workflow.list({ query }), DOWNLOADED_WITHIN_MS, 'list of sagas');
  const ahead: Promise<Download>[] = [];
  let yielded = 0;
  let more = true;
  for (;;) {
    while (more && ahead.length < DOWNLOADS && yielded + ahead.length < limit) {
      const next = await listed.next();
      if (next.done) more = false;
      else ahead.push(download(client, next.value));
    }
    const first = await ahead.shift();
    if (!first) return;
    if ('failure' in first) throw first.failure;
    if ('gone' in first) onGone?.(first.gone);
    else {
      yielded += 1;
      yield first.history;
    }
  }
}

/** Never rejects, because it may fail before the reader awaits it. */
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
