/** No branch of the sagas and their engine is without a recorded history that takes it: counted while all of them replay. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { corpusFiles } from '../../ops/replay/corpus';
import { ofFiles } from '../../ops/replay/history-sources';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';

/** Blocks that leave no command in a history, or that only a bug of the workflow code itself can take. */
const WITHOUT_HISTORY: readonly string[] = [
  // A bug of the workflow code, or of a step: the saga's task fails, and waits for fixed code.
  'saga/workflow/attempts.ts, run: throw new TypeError(`there is no activity ${activity}`);',
  'saga/workflow/failures.ts, readFailure: throw failure;',
  'saga/workflow/saga-result.ts, resultOf: throw new TypeError(`${id} has not ended`);',
  'saga/workflow/saga-run.ts, fail: fail(bug: unknown): void {',
  'saga/workflow/saga-run.ts: (bug: unknown) => {',
  "saga/workflow/step-attempt.ts, take: return refuse(ask, 'the step gave no answer');",
  'saga/workflow/step-queue.ts, #bug: (bug: unknown): void => {',
  'saga/workflow/step-phase.ts, to: throw new Error(`${this.words}: it cannot become ${phase} while it is ${this.#phase}`);',
  'saga/workflow/step.ts, idOf: throw new TypeError(`an item or an answer of a step has no "${key}"`);',
  'saga/workflow/subject-run.ts, #failureOf: throw again;',
  'saga/workflow/subject-run.ts, #failureOf: throw failure;',
  'saga/workflow/subject-run.ts, step: throw new TypeError(`${step.activity} has a deadline after the pivot`);',
  // The types demand these; nothing can take them.
  'saga/workflow/failures.ts, readFailure: ?? failure) : failure;',
  'saga/workflow/wait.ts, watch: ?? now()) + this.saga.parkAfterMs - now();',
  // Only the words of a failure.
  "saga/workflow/failures.ts, readFailure: : 'permanent', reason: cause.message };",
  'saga/workflow/failures.ts, readFailure: ? cause.cause.message : cause.message;',
  // Only an argument of an activity, which a replay does not compare.
  "saga/workflow/attempts.ts, retriedByServer: ?? {})] : ['busy'];",
  // A compensation fails by itself only by a bug of its saga: test/workflow/failed-undo.test.ts replays such a saga.
  'saga/workflow/failed-undos.ts, get parked: && { step: WORDS, ...first, subjects: [...this.#failed.keys()] };',
  'saga/workflow/failed-undos.ts, giveUp: if (isMeant(subject)) end(decide(WORDS));',
  'saga/workflow/failed-undos.ts, park: async park(subject: string, reason: string): Promise<void> {',
  'saga/workflow/failed-undos.ts, retry: end();',
  'saga/workflow/saga-run.ts, parkUndo: parkUndo(subject: string, reason: string): Promise<void> {',
  // A signal without an argument says nothing, and asks for nothing.
  'saga/workflow/parked.ts: ?? {});',
  // What they leave out is asked for by the run that follows, or once instead of twice.
  'saga/workflow/step-queue.ts, #first: return;',
  'saga/workflow/wait.ts, failed: return;',
  // What V8 counts when a step has thrown, though the block runs.
  'saga/workflow/subject-run.ts, step: finally {',
];

test('every branch', async () => {
  installTemporalRuntime(createLogger('silent'));
  // Under a name of its own: V8 would take what it has compiled already of that name, which counts no blocks.
  const folder = mkdtempSync(path.join(tmpdir(), 'order-saga-'));
  const bundlePath = path.join(folder, 'bundle.js');
  copyFileSync(testServers().bundlePath, bundlePath);
  const bundle = readFileSync(bundlePath, 'utf8');
  const notTaken = await neverRun(bundlePath, async () => {
    // In the main thread, where the profiler looks.
    const options = { workflowBundle: { codePath: bundlePath }, debugMode: true };
    for await (const { error } of Worker.runReplayHistories(options, ofFiles(corpusFiles()))) {
      expect(error).toBeUndefined();
    }
  });
  rmSync(folder, { recursive: true });
  const map = sourceMapOf(bundle);
  const linesAt = lineStarts(bundle);
  const texts = notTaken.flatMap((block) => textAt(map, linesAt, block) ?? []);
  // Each counts: a second one in the same function, of the same text, is one too many.
  expect(texts.sort()).toEqual([...WITHOUT_HISTORY].sort());
});

interface Block {
  /** Where in the file it begins. */
  readonly offset: number;
  /** That it stands in; empty where that has no name. */
  readonly functionName: string;
}

/** @returns the blocks of the file that did not run meanwhile */
async function neverRun(file: string, work: () => Promise<void>): Promise<Block[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  await work();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  const script = result.find(({ url }) => url === pathToFileURL(file).href || url === file);
  if (!script) throw new Error(`${file} did not run`);
  return script.functions.flatMap(({ functionName, ranges }) =>
    ranges.filter(({ count }) => count === 0).map(({ startOffset: offset }) => ({ offset, functionName })),
  );
}

/** @returns the offset at which each line begins */
function lineStarts(text: string): number[] {
  return [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
}

/** @returns the function and the line of workflow code, from there on; undefined for other code */
function textAt(map: SourceMap, linesAt: number[], { offset, functionName }: Block): string | undefined {
  const line = linesAt.findLastIndex((start) => start <= offset);
  const entry = map.findEntry(line, offset - (linesAt[line] ?? 0));
  if (!('originalSource' in entry)) return undefined;
  const file = path.relative(ROOT, entry.originalSource);
  if (!/^(workflows|saga\/workflow)\//.test(file)) return undefined;
  const original = readFileSync(path.join(ROOT, file), 'utf8').split('\n')[entry.originalLine] ?? '';
  const text = original.slice(entry.originalColumn).trim();
  const place = functionName === '' ? file : `${file}, ${functionName}`;
  return text === '' ? undefined : `${place}: ${text}`;
}

function sourceMapOf(bundle: string): SourceMap {
  const encoded = bundle.slice(bundle.lastIndexOf('base64,') + 'base64,'.length).trim();
  return new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMapPayload);
}
