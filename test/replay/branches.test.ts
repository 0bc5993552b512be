/** No branch of the sagas and their engine is without a recorded history that takes it: counted while all of them replay. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { corpusFiles } from '../../operate/corpus';
import { ofFiles } from '../../operate/histories';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { testServers } from '../support/servers';
import { ROOT } from '../support/start';

/** Blocks that leave no command in a history, or that only a bug of the workflow code itself can take. */
const WITHOUT_HISTORY: readonly string[] = [
  // Who asks for what is refused, or asks twice, leaves nothing in a history.
  'workflows/cancellation.ts, get tooLate: get tooLate(): boolean {',
  'workflows/cancellation.ts, request: return;',
  'workflows/create-order-saga.ts, validator: ({ orderId }: CancellationRequest) => {',
  'workflows/saga-failures.ts, refusedUpdate: export function refusedUpdate(type: RefusalType, message: string): ApplicationFailure {',
  'workflows/parked-steps.ts, mustFind: (orderId: string | undefined) => {',
  'workflows/parked-steps.ts, validator: (request: GiveUpStepRequest) => {',
  'workflows/parked-steps.ts, validator: (request: RetryStepRequest) => {',
  'workflows/parked-steps.ts, mustSay: function mustSay(',
  'workflows/parked-steps.ts: || id === orderId),',
  // Nor does who only asks.
  'workflows/attention.ts, report: report(): ParkedStepReport[] {',
  'workflows/parked-steps.ts: () => attention.report());',
  'workflows/step-run.ts, get since: get since(): string {',
  // The types demand these; nothing can take them.
  'workflows/create-order-saga.ts: : [])) };',
  'workflows/create-order-saga.ts: ?? new Cancellation();',
  "workflows/saga-failures.ts: ?? '?', reason: outcome.reason as unknown }]",
  'workflows/saga-failures.ts: : String(reason)}`,',
  // Only words for the Temporal UI.
  'workflows/step-run.ts, #attempt: : BUSY;',
  // A bug of the workflow code, or of a step: the saga's task fails, and waits for mended code.
  'workflows/saga-failures.ts, throwIfAnyFailed: throw bug.reason;',
  'workflows/parked-steps.ts: throw again;',
  'workflows/cancel-approved.ts, cancelApproved: throw failure;',
  'workflows/step-run.ts, #settles: return withoutResult(asked);',
  'workflows/step-run.ts, withoutResult: function withoutResult<Item extends Ordered, Result>(asked: Asked<Item, Result>): true {',
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
  const texts = notTaken.flatMap((block) => textAt(map, bundle, block) ?? []);
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

/** @returns the function and the line of workflow code, from there on; undefined for other code */
function textAt(map: SourceMap, bundle: string, { offset, functionName }: Block): string | undefined {
  const before = bundle.slice(0, offset).split('\n');
  const entry = map.findEntry(before.length - 1, before.at(-1)?.length ?? 0);
  if (!('originalSource' in entry)) return undefined;
  const file = path.relative(ROOT, entry.originalSource);
  if (!/^(workflows|saga\/workflow)\//.test(file)) return undefined;
  const line = readFileSync(path.join(ROOT, file), 'utf8').split('\n')[entry.originalLine] ?? '';
  const text = line.slice(entry.originalColumn).trim();
  const place = functionName === '' ? file : `${file}, ${functionName}`;
  return text === '' ? undefined : `${place}: ${text}`;
}

function sourceMapOf(bundle: string): SourceMap {
  const encoded = bundle.slice(bundle.lastIndexOf('base64,') + 'base64,'.length).trim();
  return new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMapPayload);
}
