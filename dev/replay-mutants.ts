/**
 * `npm run replay:mutants`: makes changes to the workflows that break sagas under way, and some that do not, and
 * replays the recorded histories against each. Writes what it saw into docs/replay-gate.md; exit code 1 when one
 * was not caught, or a safe one was refused.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import cliProgress from 'cli-progress';
import prettier from 'prettier';
import { corpusFiles } from '../operate/corpus';
import { ofFiles } from '../operate/histories';
import { replay, type Replayed } from '../operate/replay';
import { createLogger } from '../platform/logger';
import { installTemporalRuntime } from '../platform/temporal';
import { bundleWorkflows } from '../workers/workflow-bundle';
import { generateMutants, type Mutant } from './mutants';
import { ROOT } from './paths';
import { safeChanges } from './safe-changes';

const REPORT = path.join(ROOT, 'docs', 'replay-gate.md');

/** Below the project, so that the copies find its packages. */
const COPIES = path.join(ROOT, 'dist', 'mutants');

interface Tried {
  readonly mutant: Mutant;
  /** The first history that did not replay. */
  readonly caughtBy: Replayed | undefined;
}

/** Mutants that no history can catch, by what they replace: they change no command of any saga. */
const WITHOUT_COMMAND: Readonly<Record<string, string>> = {
  '!cancellation': "an update's validator; who is refused leaves nothing in a history",
  'cancellation.tooLate': "an update's validator; who is refused leaves nothing in a history",
  "'reason' in result": 'only words for the Temporal UI',
  "outcome.status === 'fulfilled'": "the saga's result, which replay does not compare; the workflow tests do",
  '!result': 'only a bug of a step can take it',
  'timeoutMs !== Infinity': 'behind a patch: sagas under way do as they did',
  'found(orderId).length > 0': "an update's validator; who is refused leaves nothing in a history",
  "typeof text === 'string' && text.trim() !== '' && text.length <= LONGEST[name]":
    "an update's validator; who is refused leaves nothing in a history",
  'orderId === undefined': 'only words of a refusal',
  '!(again instanceof GivenUp)': 'only a bug of the workflow code can take it',
  '!(failure instanceof WorkflowExecutionAlreadyStartedError)': 'only a bug of the workflow code can take it',
  'failure instanceof Error': 'only words for the Temporal UI',
  'this.#parked.size === 0':
    'the value of a search attribute, which replay does not compare; the tests of its use do',
  bug: 'only a bug of the workflow code can take it',
  'orders.length === 1': 'only words for the Temporal UI',
  'reason instanceof Error': 'only words of a failure',
};

async function main(): Promise<number> {
  installTemporalRuntime(createLogger('silent'));
  const [mutants, safe] = [generateMutants(), safeChanges()];
  const bar = new cliProgress.SingleBar({
    format: 'changes [{bar}] {value} of {total}, {duration_formatted}',
    stream: process.stderr,
    noTTYOutput: true,
    clearOnComplete: true,
  });
  bar.start(mutants.length + safe.length, 0);
  const tryAll = async (all: readonly Mutant[]) => {
    const tried: Tried[] = [];
    for (const mutant of all) {
      tried.push({ mutant, caughtBy: await firstCatch(mutant) });
      bar.increment();
    }
    return tried;
  };
  const [breaking, passing] = [await tryAll(mutants), await tryAll(safe)];
  bar.stop();
  rmSync(COPIES, { recursive: true, force: true });
  const missed = breaking.filter(({ mutant, caughtBy }) => !caughtBy && !(mutant.was in WITHOUT_COMMAND));
  const refused = passing.filter(({ caughtBy }) => caughtBy);
  for (const { mutant } of missed) console.log(`not caught: ${place(mutant)}`);
  for (const { mutant, caughtBy } of refused)
    console.log(`refused though safe: ${place(mutant)} by ${String(caughtBy?.workflowId)}`);
  const config = await prettier.resolveConfig(REPORT);
  writeFileSync(REPORT, await prettier.format(reportOf(breaking, passing), { ...config, filepath: REPORT }));
  const caught = breaking.filter(({ caughtBy }) => caughtBy).length;
  console.log(
    `${String(breaking.length)} breaking changes: ${String(caught)} caught, ${String(missed.length)} missed, ` +
      `${String(breaking.length - caught - missed.length)} without a command; ` +
      `${String(passing.length)} safe ones: ${String(passing.length - refused.length)} pass`,
  );
  return missed.length + refused.length === 0 ? 0 : 1;
}

async function firstCatch({ file, text }: Mutant): Promise<Replayed | undefined> {
  rmSync(COPIES, { recursive: true, force: true });
  mkdirSync(COPIES, { recursive: true });
  for (const room of ['workflows', 'domain']) {
    cpSync(path.join(ROOT, room), path.join(COPIES, room), { recursive: true });
  }
  writeFileSync(path.join(COPIES, file), text);
  const workflowsPath = path.join(COPIES, 'workflows');
  const workflowBundle = await bundleWorkflows(workflowsPath);
  for await (const replayed of replay({ workflowBundle, workflowsPath }, ofFiles(corpusFiles()))) {
    if (replayed.divergence) return replayed;
  }
  return undefined;
}

function place({ kind, file, line, was, becomes }: Mutant): string {
  return `${kind}, ${file}:${String(line)}: «${was}» → «${becomes}»`;
}

function reportOf(breaking: readonly Tried[], passing: readonly Tried[]): string {
  const kinds = [...new Set(breaking.map(({ mutant }) => mutant.kind))].sort();
  const summary = kinds.map((kind) => {
    const tried = breaking.filter(({ mutant }) => mutant.kind === kind);
    const caught = tried.filter(({ caughtBy }) => caughtBy).length;
    return `| ${kind} | ${String(tried.length)} | ${String(caught)} | ${String(tried.length - caught)} |`;
  });
  const row = ({ mutant, caughtBy }: Tried) => {
    const { kind, file, line, was } = mutant;
    const how = caughtBy?.divergence
      ? `${caughtBy.workflowId}: recorded ${cell(caughtBy.divergence.recorded)}; now ${cell(caughtBy.divergence.now)}`
      : `no: ${WITHOUT_COMMAND[was] ?? 'MISSED'}`;
    return `| ${file.replace('workflows/', '')}:${String(line)} | ${kind} | ${code(was)} | ${how} |`;
  };
  return `# What the replay gate catches

Made by \`npm run replay:mutants\`, which changes copies of the workflows, one change at a time, and replays the recorded
histories of \`test/replay/histories\` against each copy. The breaking changes are generated from the source: each
condition, each case, each step, each timer, each activity, each async function.

| Kind of change | made | caught | without a command |
| --- | --- | --- | --- |
${summary.join('\n')}
| **all** | ${String(breaking.length)} | ${String(breaking.filter(({ caughtBy }) => caughtBy).length)} | ${String(breaking.filter(({ caughtBy }) => !caughtBy).length)} |

Safe changes, each of which passes:

| Change | at | passes |
| --- | --- | --- |
${passing.map(({ mutant, caughtBy }) => `| ${mutant.kind} | ${mutant.file.replace('workflows/', '')}:${String(mutant.line)} | ${caughtBy ? 'NO' : 'yes'} |`).join('\n')}

Replay compares the kinds and the order of a saga's commands: not the inputs of its steps, not the lengths of its timers,
not a step's task queue, not its result. Those are what the other tests are for.

## Every change, and the first history that caught it

| Place | Change | of | Caught by |
| --- | --- | --- | --- |
${breaking.map(row).join('\n')}
`;
}

/** Longer texts are cut; what is left still says which. */
const SHOWN = 70;

function cell(text: string): string {
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return short.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function code(text: string): string {
  return `\`${(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text).replaceAll('|', '\\|').replaceAll('`', "'")}\``;
}

main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
