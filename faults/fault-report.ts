/** What a run of the fault suite did and saw, as Markdown. */
import os from 'node:os';
import { INVARIANTS } from '../audit/invariants';
import type { FaultRun } from './fault-run';
import { FAULT_POINTS, STEP_FAULTS } from './fault-points';
import { seconds } from './judgement';
import { quantile, type Recovery, WARM_ORDERS } from './recovery';
import { STEPS } from './steps';
import { MOMENTS } from './trap';

/** @param args of the command */
export function introductionTo(args: readonly string[]): string {
  return `# The last long run of the fault suite

\`npm run faults -- ${args.join(' ')}\`, on ${String(os.availableParallelism())} cores, servers included. Callers place orders, cancel some, go away in the middle, and
remember every answer. Meanwhile faults come from outside. At each moment of each step a connection is cut or stalled, or a
process is killed or stopped, and wakes after its work was given to another. Beside that there are faults of the servers, of the
lines to them, and of the processes that run no steps. A fault counts when it was seen to take effect.

Exit code 0: everything was hit, orders came to their end meanwhile, every answer holds, and all is well in the stated time
after the last fault. 1: something does not hold. 2: the run proves nothing. A minute of it is part of \`npm test\`;
\`npm run faults -- --planted\` plants bugs in copies of the product, and says which are found.`;
}

export function reportOf(run: FaultRun): string {
  const { placement, seed, faultMs, load, acknowledged, done, landed, hangs, recovery } = run;
  const { verdict, strange, memory } = run;
  const { report, after, stillRunning, broken, askedAgain } = verdict;
  const hit = FAULT_POINTS.filter((point) => landed.times(point) > 0).length;
  return [
    `## ${placement}`,
    '',
    `Seed ${String(seed)}: ${String(acknowledged)} orders acknowledged under ${seconds(faultMs)} of faults, ${String(done)} came to their end meanwhile; ` +
      `${String(landed.hit)} of ${String(landed.tried)} faults landed, ${String(hit)} of ${String(FAULT_POINTS.length)} fault points were hit. ` +
      `${String(landed.overtaken)} of ${String(landed.stopped)} processes that were stopped in a step woke when others had brought its orders to their end. ` +
      `${String(load.client.sentAgain)} requests were sent again, ${String(load.goneAway)} callers went away in the middle.`,
    '',
    `Before the faults the customer database hung: ${String(hangs.taken)} orders were taken meanwhile, ${String(hangs.notTaken.length)} were not. Then Temporal hung. ` +
      `${String(run.notPlaced)} callers had as an answer that their order is not placed, and believed it. A saga that waited for ${seconds(hangs.waited.ms)} has ${String(hangs.waited.events)} events. ` +
      `${String(run.readsAfterCancel)} reads were made of orders right after their cancellation was accepted.`,
    '',
    `After the last fault: every caller had its answer ${afterWords(after.answered)}, every process was ready ${afterWords(after.ready)}, ` +
      `every order at its end and no saga running ${afterWords(after.quiet)}, the audit clean ${afterWords(after.clean)} ` +
      `(it waits 5 s by itself when it finds something under way). ${String(askedAgain)} orders were asked for again under their keys.`,
    ...(recovery.kills === 0 ? [] : ['', recoveryOf(recovery)]),
    '',
    `| step | moment | ${STEP_FAULTS.join(' | ')} |`,
    `| --- | --- | ${STEP_FAULTS.map(() => '--:').join(' | ')} |`,
    ...STEPS.flatMap((step) =>
      MOMENTS.map(
        (moment) =>
          `| ${step} | ${moment} | ${STEP_FAULTS.map((fault) => String(landed.times({ step, moment, fault }))).join(' | ')} |`,
      ),
    ),
    '',
    '| fault of a server, a line or a process | tried | took effect |',
    '| --- | --: | --: |',
    ...run.aims.otherFaults.map((name) => {
      const { tried, hit: landedTimes } = landed.others.get(name) ?? { tried: 0, hit: 0 };
      return `| ${name} | ${String(tried)} | ${String(landedTimes)} |`;
    }),
    '',
    '| invariant | checked | in flight | violated |',
    '| --- | --: | --: | --: |',
    ...Object.entries(report.invariants).map(
      ([name, { checked, inFlight, violated }]) =>
        `| ${name in INVARIANTS ? name : ''} | ${String(checked)} | ${String(inFlight)} | ${String(violated)} |`,
    ),
    '',
    '| memory (MB) | first minute | last minute | at most |',
    '| --- | --: | --: | --: |',
    ...memory.map(
      ({ name, firstMinute, lastMinute, most }) =>
        `| ${name} | ${String(firstMinute)} | ${String(lastMinute)} | ${String(most)} |`,
    ),
    ...section(
      'Violated',
      report.violations.map(({ invariant, subject, words }) => `${invariant}: ${subject}: ${words}`),
    ),
    ...section('While one thing hung', hangs.notTaken),
    ...section(
      'Sagas that need attention',
      report.needsAttention.map(({ sagaId, needsAttention }) => `${sagaId}: ${needsAttention.join()}`),
    ),
    ...section('Sagas that ran still', stillRunning),
    ...section('What does not hold', broken),
    ...section('Answers that nobody should get', strange),
  ].join('\n');
}

function recoveryOf({ kills, idle, underWay, wentOnMs, doneMs }: Recovery): string {
  const words = (ascending: readonly number[]) =>
    `${seconds(quantile(ascending, 0.5))} (p50), ${seconds(quantile(ascending, 0.99))} (p99), ${seconds(ascending.at(-1) ?? 0)} (the last)`;
  return (
    `Before that ${String(kills)} services were killed, one each time that ${String(WARM_ORDERS)} more orders were decided, with ${String(underWay)} under way` +
    `${idle === 0 ? '' : ` (${String(idle)} were not, for want of orders)`}. The sagas of ${String(wentOnMs.length)} of these had lost something ` +
    `and went on elsewhere after ${words(wentOnMs)}; the orders were at their end after ${words(doneMs)}.`
  );
}

function afterWords(ms: number | undefined): string {
  return ms === undefined ? 'NOT IN TIME' : `after ${seconds(ms)}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, '', ...lines.map((line) => `- ${line}`)];
}
