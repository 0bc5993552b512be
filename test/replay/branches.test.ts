/** No branch of the workflows is without a recorded history that takes it: counted while all of them replay. */
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
  'workflows/cancellation.ts: get tooLate(): boolean {',
  'workflows/cancellation.ts: return;',
  'workflows/create-order-saga.ts: ({ orderId }: CancellationRequest) => {',
  'workflows/saga-failures.ts: export function refusedUpdate(type: RefusalType, message: string): ApplicationFailure {',
  'workflows/parked-steps.ts: (orderId: string | undefined) => {',
  'workflows/parked-steps.ts: (request: GiveUpStepRequest) => {',
  'workflows/parked-steps.ts: (request: RetryStepRequest) => {',
  'workflows/parked-steps.ts: function mustSay(',
  'workflows/parked-steps.ts: || id === orderId),',
  // Nor does who only asks.
  'workflows/attention.ts: report(): ParkedStepReport[] {',
  'workflows/parked-steps.ts: () => attention.report());',
  'workflows/step-run.ts: get since(): string {',
  // A saga of version 0.1.0 that left an approved order alone: none has been recorded.
  'workflows/cancel-approved.ts: return;',
  // The types demand these; nothing can take them.
  'workflows/create-order-saga.ts: : [])) };',
  'workflows/create-order-saga.ts: ?? new Cancellation();',
  "workflows/saga-failures.ts: ?? '?', reason: outcome.reason as unknown }]",
  'workflows/saga-failures.ts: : String(reason)}`,',
  // Only words for the Temporal UI.
  'workflows/step-run.ts: : BUSY;',
  // A bug of the workflow code, or of a step: the saga's task fails, and waits for mended code.
  'workflows/saga-failures.ts: throw bug.reason;',
  'workflows/parked-steps.ts: throw again;',
  'workflows/cancel-approved.ts: throw failure;',
  'workflows/step-run.ts: return withoutResult(asked);',
  'workflows/step-run.ts: function withoutResult<Item extends Ordered, Result>(asked: Asked<Item, Result>): true {',
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
  const texts = new Set(notTaken.flatMap((offset) => textAt(map, bundle, offset) ?? []));
  expect([...texts].sort()).toEqual([...WITHOUT_HISTORY].sort());
});

/** @returns where in the file the blocks begin that did not run meanwhile */
async function neverRun(file: string, work: () => Promise<void>): Promise<number[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  await work();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  const script = result.find(({ url }) => url === pathToFileURL(file).href || url === file);
  if (!script) throw new Error(`${file} did not run`);
  return script.functions.flatMap(({ ranges }) =>
    ranges.filter(({ count }) => count === 0).map(({ startOffset }) => startOffset),
  );
}

/** @returns the line of workflow code, from there on; undefined for other code */
function textAt(map: SourceMap, bundle: string, offset: number): string | undefined {
  const before = bundle.slice(0, offset).split('\n');
  const entry = map.findEntry(before.length - 1, before.at(-1)?.length ?? 0);
  if (!('originalSource' in entry)) return undefined;
  const file = path.relative(ROOT, entry.originalSource);
  if (!file.startsWith('workflows/')) return undefined;
  const line = readFileSync(path.join(ROOT, file), 'utf8').split('\n')[entry.originalLine] ?? '';
  const text = line.slice(entry.originalColumn).trim();
  return text === '' ? undefined : `${file}: ${text}`;
}

function sourceMapOf(bundle: string): SourceMap {
  const encoded = bundle.slice(bundle.lastIndexOf('base64,') + 'base64,'.length).trim();
  return new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMapPayload);
}
