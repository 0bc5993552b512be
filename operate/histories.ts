/** Where histories to replay come from: files, the recorded corpus, or a running server. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Client, HistoryAndWorkflowId } from '@temporalio/client';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import type { History } from './saga-words';

/** 5 downloads at once, and as many ready: enough to keep two cores replaying, and all that is in memory. */
const DOWNLOADS = 5;

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

/** @throws Error naming the file that is not a history */
export function* ofFiles(files: readonly string[]): Generator<NamedHistory> {
  for (const file of files) yield { workflowId: path.basename(file, '.json'), history: ofFile(file) };
}

function ofFile(file: string): History {
  try {
    return historyOf(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file} is no history: ${reason}`, { cause: error });
  }
}

/**
 * Open and closed workflows that match the query, one after the other; few are in memory at a time.
 *
 * @param query in Temporal's list filter language
 * @param limit most histories
 */
export async function* ofServer(
  client: Client,
  query: string,
  limit: number,
): AsyncGenerator<HistoryAndWorkflowId> {
  let count = 0;
  if (limit <= 0) return;
  const histories = client.workflow
    .list({ query })
    .intoHistories({ concurrency: DOWNLOADS, bufferLimit: DOWNLOADS });
  for await (const history of histories) {
    yield history;
    if (++count >= limit) return;
  }
}
