/** The tables of docs/replay-gate.md: the result of each mutant, and why no history can catch some of them. */
import { isNondeterminism } from '../../ops/replay/divergence';
import type { Replayed } from '../../ops/replay/replay';
import type { Mutant } from './mutants';

export interface Tried {
  readonly mutant: Mutant;
  /** The first history that did not replay. */
  readonly caughtBy: Replayed | undefined;
}

const ONLY_A_BUG = 'only a bug of the workflow code can take it';
const INPUT = "a step's input or its time limits, which replay does not compare";
const VALUE = 'the value of a search attribute or a memo, which replay does not compare';
const NEXT_RUN = 'the input of the next run, which replay does not compare';
const SAME_COMMANDS = 'the second time changes nothing: no command differs';
const TOGETHER =
  'has a command, but only when several inputs come in one workflow task: in no recorded history';

const REPORT = 'a report to the process that has started the saga, which is no command';
const LATE =
  'has a command, but only when a first attempt is under way while the retries move to the task queue: in no recorded history';

/**
 * Why no history catches some mutants: nearly all change no command of this project's sagas. The key is a file,
 * or a file and the replaced code.
 */
const WITHOUT_COMMAND: Readonly<Record<string, string>> = {
  "workflows/order-outcomes.ts: 'reason' in result": 'only words for the Temporal UI',
  'saga/workflow/attempts.ts: items.length === 1': 'only words for the Temporal UI',
  'saga/workflow/attempts.ts: !run': ONLY_A_BUG,
  "saga/workflow/attempts.ts: where === 'remote'": INPUT,
  'saga/workflow/attempts.ts: failsPermanently': INPUT,
  'saga/workflow/failed-undos.ts':
    'only a compensation with a bug can take it; test/workflow/failed-undo.test.ts replays such a saga',
  'saga/workflow/failures.ts: !(failure instanceof TemporalFailure)': ONLY_A_BUG,
  'saga/workflow/journal.ts: failure instanceof CancelRequested': NEXT_RUN,
  'saga/workflow/journal.ts: failure instanceof GivenUp': NEXT_RUN,
  'saga/workflow/parked.ts: names.length === 0': VALUE,
  'saga/workflow/parked.ts: parked.length === 0': VALUE,
  'saga/workflow/saga-result.ts: !ended': ONLY_A_BUG,
  'saga/workflow/saga-run.ts: !this.definition.cancel || this.#cancelRequested': SAME_COMMANDS,
  "saga/workflow/saga-run.ts: failed && failed.kind !== 'busy'": REPORT,
  'saga/workflow/saga-run.ts: !this.#mayReportWait || local + remote > 0 || this.#running === 0': REPORT,
  'saga/workflow/saga-run.ts: this.#continues': TOGETHER,
  'saga/workflow/saga-run.ts: this.#attempts.local > 0 || !this.rendezvous.isQuiet': TOGETHER,
  'saga/workflow/saga-run.ts: this.#parkedChanged': SAME_COMMANDS,
  'saga/workflow/saga-run.ts: !this.#continues && this.#parked.show()': 'only words for the Temporal UI',
  'saga/workflow/saga-run.ts: carried': NEXT_RUN,
  'saga/workflow/step-attempt.ts: mustSucceed': INPUT,
  'saga/workflow/step-attempt.ts: watchesDeadlines': INPUT,
  'saga/workflow/step-attempt.ts: !answer': 'only a bug of a step can take it',
  'saga/workflow/step-queue.ts: this.#waiting.isEmpty()': NEXT_RUN,
  'saga/workflow/step-queue.ts: this.#serverPauses()': LATE,
  'saga/workflow/step-queue.ts: this.saga.isContinuing': TOGETHER,
  'saga/workflow/subject-run.ts: this.#committed && deadlineMs !== undefined': ONLY_A_BUG,
  'saga/workflow/subject-run.ts: !(failure instanceof GivenUp)': ONLY_A_BUG,
  'saga/workflow/subject-run.ts: !(again instanceof GivenUp)': ONLY_A_BUG,
  'saga/workflow/wait.ts: attempted.progressed': 'the length of a pause, which replay does not compare',
  'saga/workflow/wait.ts: !failed': TOGETHER,
};

/** @returns the key in WITHOUT_COMMAND; undefined when there is none */
function reasonOf({ file, was }: Mutant): string | undefined {
  return [`${file}: ${was}`, file].find((key) => key in WITHOUT_COMMAND);
}

export const isMissed = ({ mutant, caughtBy }: Tried) => !caughtBy && reasonOf(mutant) === undefined;

/** Keys of reasons whose mutants are caught or no longer generated. */
export function unusedReasons(breaking: readonly Tried[]): string[] {
  const used = new Set(breaking.filter(({ caughtBy }) => !caughtBy).map(({ mutant }) => reasonOf(mutant)));
  return Object.keys(WITHOUT_COMMAND).filter((text) => !used.has(text));
}

/** In the order of the table's columns. */
export function countsOf(tried: readonly Tried[]) {
  const caught = tried.flatMap(({ caughtBy }) => caughtBy?.divergence ?? []);
  const diverged = caught.filter(isNondeterminism).length;
  const missed = tried.filter(isMissed).length;
  return {
    made: tried.length,
    diverged,
    failed: caught.length - diverged,
    missed,
    without: tried.length - caught.length - missed,
  };
}

export function reportOf(breaking: readonly Tried[], passing: readonly Tried[]): string {
  const kinds = [...new Set(breaking.map(({ mutant }) => mutant.kind))].sort();
  const line = (kind: string, tried: readonly Tried[]) =>
    `| ${[kind, ...Object.values(countsOf(tried)).map(String)].join(' | ')} |`;
  const summary = kinds.map((kind) =>
    line(
      kind,
      breaking.filter(({ mutant }) => mutant.kind === kind),
    ),
  );
  const row = ({ mutant, caughtBy }: Tried) => {
    const { kind, file, line: at, was } = mutant;
    const how = caughtBy?.divergence
      ? `${caughtBy.workflowId}: recorded ${cell(caughtBy.divergence.recorded)}; now ${cell(caughtBy.divergence.now)}`
      : `no: ${WITHOUT_COMMAND[reasonOf(mutant) ?? ''] ?? 'MISSED'}`;
    return `| ${file}:${String(at)} | ${kind} | ${code(was)} | ${how} |`;
  };
  return `# What the replay gate catches

Generated by \`npm run replay:mutants\`. The command changes the workflows and the engine, one change at a time, and
replays the recorded histories of \`test/replay/histories\` against each change.

The breaking changes are derived from the source. There is a change for each condition, case, step, pair of consecutive
steps, timer, activity and async function, and for each call of the engine that leads to a command or that determines the
order of commands. A change is caught when a history diverges, or when the changed code fails during the replay.

| Kind of change | made | diverged | the code failed | MISSED | not caught, for a reason |
| --- | --- | --- | --- | --- | --- |
${summary.join('\n')}
${line('**all**', breaking)}

These changes are safe, so the gate must let them pass:

| Change | at | passes |
| --- | --- | --- |
${passing.map(({ mutant, caughtBy }) => `| ${mutant.kind} | ${mutant.file}:${String(mutant.line)} | ${caughtBy ? 'NO' : 'yes'} |`).join('\n')}

Replay compares the kinds and the order of a saga's commands. It does not compare the inputs of steps, the lengths of
timers, the task queue of a step, or its result. Other tests check those.

## Every change, and the first history that caught it

| Place | Change | of | Caught by |
| --- | --- | --- | --- |
${breaking.map(row).join('\n')}
`;
}

/** Characters; longer texts are cut. */
const SHOWN = 70;

function cell(text: string): string {
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return short.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function code(text: string): string {
  return `\`${(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text).replaceAll('|', '\\|').replaceAll('`', "'")}\``;
}
