/** Histories as files: what is recorded, and what is left out so that a recording says nothing about its machine. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { CORPUS, corpusIndex, indexOf } from '../../ops/replay/corpus';
import { historyOf } from '../../ops/replay/history-sources';
import { type History, stepsOf } from '../../ops/replay/recorded-steps';
import { version } from '../../package.json';
import { testServers } from '../support/servers';
import { replay } from './replaying';

/** Fields that name the process and the machine; replay does not read them. */
const OF_THE_MACHINE = new Set(['identity', 'stackTrace', 'binaryChecksum', 'requestId']);

export interface SagaRun {
  readonly workflowId: string;
  /** The last run when undefined. */
  readonly runId?: string | undefined;
}

/**
 * Keeps the history of a saga's run. One that was kept before stays while it takes the same path: a recording that is
 * made again changes only what has changed. One that an earlier version has recorded and that takes another path is
 * kept beside the new one: sagas with such a history may be under way.
 *
 * @param words which path the saga took
 * @param folder of the histories
 * @throws Error when the one that was kept does not replay any more, or a workflow task of the new one has failed
 */
export async function keepHistory(
  client: Client,
  { workflowId, runId }: SagaRun,
  name: string,
  words: string,
  folder = CORPUS,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const fileOf = (each: string) => path.join(folder, `${each}.json`);
  const fetched = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const failed = failedTasks(fetched);
  if (failed.length > 0) throw new Error(`${workflowId} has failed workflow tasks: ${failed.join('; ')}`);
  const text = JSON.stringify(
    JSON.parse(historyToJSON(fetched)),
    (key, value: unknown) => (OF_THE_MACHINE.has(key) ? undefined : value),
    1,
  );
  const index = existsSync(indexOf(folder)) ? corpusIndex(folder) : {};
  const [file, before] = [fileOf(name), index[name]];
  if (before && existsSync(file)) {
    const old = historyOf(JSON.parse(readFileSync(file, 'utf8')));
    await mustReplay(name, old);
    if (pathOf(old) === pathOf(historyOf(JSON.parse(text)))) return;
    if (before.version !== version) {
      renameSync(file, fileOf(`${name}@${before.version}`));
      index[`${name}@${before.version}`] = before;
    }
  }
  writeFileSync(file, `${text}\n`);
  index[name] = { path: words, version };
  const sorted = Object.entries(index).sort(([a], [b]) => a.localeCompare(b));
  writeFileSync(indexOf(folder), `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
}

/**
 * How its workflow tasks have failed: by a bug in workflow code. An end that the server has not accepted, because
 * something has arrived meanwhile, is none.
 */
export function failedTasks({ events }: History): string[] {
  const failed = (events ?? []).flatMap(
    (event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? [],
  );
  return failed.filter((message) => message !== 'UnhandledCommand');
}

/** The kinds of its steps: how often one was retried, and which subject of a group came first, is chance. */
function pathOf(history: History): string {
  return [...new Set(stepsOf(history).map((step) => step.words))].sort().join('\n');
}

/** Recording must not be a way past the gate: what does not replay any more is never overwritten. */
async function mustReplay(workflowId: string, history: History): Promise<void> {
  const [result] = await replay(testServers().bundlePath, [{ workflowId, history }]);
  if (result && !result.error) return;
  throw new Error(
    `${workflowId} does not replay any more, and is kept as it is: a saga with such a history may be under way. ` +
      'Make the change with `patched` (docs/changing-a-saga.md), or, if none can be, remove the history by hand.',
    { cause: result?.error },
  );
}
