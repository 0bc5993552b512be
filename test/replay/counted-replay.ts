/** Which blocks of the workflow code run while histories replay. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HistoryAndWorkflowId } from '@temporalio/client';
import { type ReplayResult, Worker } from '@temporalio/worker';
import { ROOT } from '../support/start';

/** What all histories together did. */
interface CountedReplay {
  readonly results: readonly ReplayResult[];
  /** File, function and text of each block of the sagas and their engine that did not run. */
  readonly notTaken: readonly string[];
}

/** Replays the histories in this thread, where the profiler looks, and counts the blocks that run. */
export async function countedReplay(
  bundlePath: string,
  histories: Iterable<HistoryAndWorkflowId>,
): Promise<CountedReplay> {
  // Under a name of its own: V8 would take what it has compiled already of that name, which counts no blocks.
  const folder = mkdtempSync(path.join(tmpdir(), 'order-saga-'));
  const codePath = path.join(folder, 'bundle.js');
  copyFileSync(bundlePath, codePath);
  const results: ReplayResult[] = [];
  const blocks = await neverRun(codePath, async () => {
    const options = { workflowBundle: { codePath }, debugMode: true };
    for await (const result of Worker.runReplayHistories(options, histories)) results.push(result);
  });
  rmSync(folder, { recursive: true });
  const bundle = readFileSync(bundlePath, 'utf8');
  const map = sourceMapOf(bundle);
  const linesAt = lineStarts(bundle);
  return { results, notTaken: blocks.flatMap((block) => textAt(map, linesAt, block) ?? []) };
}

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
