/**
 * `npm run replay:mutants`: replays the recorded histories against mutants of the workflows and the engine, and
 * against safe changes. Writes docs/replay-gate.md. Exit code 1 when a mutant is not caught or a safe change fails.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import prettier from 'prettier';
import { progressBar } from '../../ops/progress-bar';
import { corpusFiles } from '../../ops/replay/corpus';
import { bundleWithRecorder } from '../../ops/replay/divergence-explainer';
import { ofFiles } from '../../ops/replay/history-sources';
import { replay, type Replayed } from '../../ops/replay/replay';
import { options, runCommand } from '../../platform/command';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { bundleWorkflows } from '../../workers/workflow-bundle';
import { changeModule } from './changed-bundle';
import { countsOf, isMissed, reportOf, type Tried, unusedReasons } from './mutant-tables';
import { generateMutants, type Mutant } from './mutants';
import { ROOT } from '../../platform/project-paths';
import { safeChanges } from './safe-changes';

const REPORT = path.join(ROOT, 'docs', 'replay-gate.md');

runCommand({
  usage: 'npm run replay:mutants   breaks the workflows on purpose, and writes docs/replay-gate.md',
  read: options({}),
  run: tryMutants,
});

async function tryMutants(): Promise<number> {
  installTemporalRuntime(createLogger('silent'));
  const [mutants, safe] = [generateMutants(), safeChanges()];
  const bundles = { code: (await bundleWorkflows()).code, recording: (await bundleWithRecorder()).code };
  await requireReplay(bundles);
  const bar = progressBar('changes');
  bar.start(mutants.length + safe.length, 0);
  const tryAll = async (all: readonly Mutant[]) => {
    const tried: Tried[] = [];
    for (const mutant of all) {
      tried.push({ mutant, caughtBy: await firstCatch(mutant, bundles) });
      bar.increment();
    }
    return tried;
  };
  const [breaking, passing] = [await tryAll(mutants), await tryAll(safe)];
  bar.stop();
  const missed = breaking.filter(isMissed);
  const refused = passing.filter(({ caughtBy }) => caughtBy);
  for (const { mutant } of missed) console.log(`not caught: ${place(mutant)}`);
  const unused = unusedReasons(breaking);
  for (const text of unused) console.log(`unused reason in mutant-tables.ts: ${text}`);
  for (const { mutant, caughtBy } of refused)
    console.log(`safe change rejected: ${place(mutant)} by ${String(caughtBy?.workflowId)}`);
  const config = await prettier.resolveConfig(REPORT);
  writeFileSync(REPORT, await prettier.format(reportOf(breaking, passing), { ...config, filepath: REPORT }));
  const { made, diverged, failed, without } = countsOf(breaking);
  console.log(
    `${String(made)} breaking changes: ${String(diverged + failed)} caught (${String(failed)} because the code failed), ` +
      `${String(missed.length)} missed, ${String(without)} not caught for a stated reason; ` +
      `${String(passing.length)} safe changes: ${String(passing.length - refused.length)} pass`,
  );
  return missed.length + refused.length + unused.length === 0 ? 0 : 1;
}

interface Bundles {
  readonly code: string;
  /** The same code with the command recorder. */
  readonly recording: string;
}

async function firstCatch(
  { file, text }: Mutant,
  { code, recording }: Bundles,
): Promise<Replayed | undefined> {
  const changed = {
    workflowBundle: { code: changeModule(code, file, text) },
    recording: { code: changeModule(recording, file, text) },
  };
  for await (const replayed of replay(changed, ofFiles(corpusFiles())))
    if (replayed.divergence) return replayed;
  return undefined;
}

/** A history that does not replay on the unchanged code proves nothing about a mutant. */
async function requireReplay({ code, recording }: Bundles): Promise<void> {
  const options = { workflowBundle: { code }, recording: { code: recording } };
  const diverging: string[] = [];
  for await (const { workflowId, divergence } of replay(options, ofFiles(corpusFiles())))
    if (divergence) diverging.push(workflowId);
  if (diverging.length > 0)
    throw new Error(
      `these histories do not replay on the unchanged code; record them again with npm run replay:record: ${diverging.join(', ')}`,
    );
}

function place({ kind, file, line, was, becomes }: Mutant): string {
  return `${kind}, ${file}:${String(line)}: «${was}» → «${becomes}»`;
}
