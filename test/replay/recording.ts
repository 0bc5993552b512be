/** Histories as files: what is recorded, and what is left out so that a recording says nothing about its machine. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { SAGA_FLAGS } from '../../domain/saga-start';
import { CORPUS, corpusIndex, indexOf } from '../../operate/corpus';
import { historyOf } from '../../operate/histories';
import { type History, stepsOf } from '../../operate/saga-words';
import { TIMER } from '../../operate/step-words';
import { version } from '../../package.json';
import { testServers } from '../support/servers';
import { replay } from './replaying';

/** Fields that name the process and the machine; replay does not read them. */
const OF_THE_MACHINE = new Set(['identity', 'stackTrace', 'binaryChecksum', 'requestId']);

/**
 * Keeps a saga's history. One that was kept before stays while it tells the same path: a recording that is made
 * again changes nothing but what has changed. One that was kept by an earlier version and tells another path
 * is kept beside the new one: sagas with such a history may be under way.
 *
 * @param words which path the saga took
 * @param folder of the histories
 * @throws Error when the one that was kept does not replay any more
 */
export async function keepHistory(
  client: Client,
  workflowId: string,
  name: string,
  words: string,
  folder = CORPUS,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const fileOf = (each: string) => path.join(folder, `${each}.json`);
  const fetched = await client.workflow.getHandle(workflowId).fetchHistory();
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
    if (told(old) === told(historyOf(JSON.parse(text)))) return;
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
 * Its kinds of steps: how often, and after which pauses, one was asked for again, and who of a group was first, is chance.
 * Where a step failed, the saga's flags say what comes then.
 */
function told(history: History): string {
  const words = new Set(stepsOf(history).map((step) => step.words));
  const flags = words.delete(TIMER) ? flagsOf(history) : [];
  return [...words, ...flags].sort().join('\n');
}

function flagsOf({ events }: History): string[] {
  const payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const input: object = defaultPayloadConverter.fromPayload(payloads?.[0] ?? {});
  return Object.keys(SAGA_FLAGS).filter((flag) => flag in input);
}

/** Recording must not be a way past the gate: what does not replay any more is never written over. */
async function mustReplay(workflowId: string, history: History): Promise<void> {
  const [result] = await replay(testServers().bundlePath, [{ workflowId, history }]);
  if (result && !result.error) return;
  throw new Error(
    `${workflowId} does not replay any more, and is kept as it is: a saga with such a history may be under way. ` +
      'Make the change with `patched` (docs/changing-a-saga.md), or, if none can be, remove the history by hand.',
    { cause: result?.error },
  );
}
