/** The report of a fault suite run, as Markdown. */
import os from 'node:os';
import { INVARIANTS } from '../../ops/audit/invariants';
import { MOMENTS } from './breakpoint';
import { FAULT_POINTS, STEP_FAULTS } from './fault-points';
import type { FaultRun } from './fault-run';
import { seconds } from './pass-criteria';
import { quantile, type Recovery, WARM_ORDERS } from './recovery';
import { STEPS } from './step-recognition';

/** @param args of the command */
export function introductionTo(args: readonly string[]): string {
  return `# The last long run of the fault suite

\`npm run faults -- ${args.join(' ')}\`, on ${String(os.availableParallelism())} cores, which the servers share.

Clients place orders, cancel some, disconnect before an answer, and record every answer. Meanwhile faults are injected from
outside. At each moment of each step, a connection is cut or stalled, or a process is killed or suspended; a suspended process
resumes after another one got its work. Further faults are those of the servers, of the connections to them, and of the
processes that run no steps. A fault counts only when its effect was observed.

| exit code | meaning |
| --------- | ------- |
| 0 | every required fault landed, orders were decided meanwhile, every answer holds, and the system recovered in the stated time |
| 1 | something does not hold |
| 2 | the run is inconclusive |

A minute of the suite is part of \`npm run test:long\`. \`npm run faults -- --planted\` plants bugs in copies of the product, and
reports which of them the suite finds.`;
}

export function reportOf(run: FaultRun): string {
  const { placement, seed, faultMs, load, acknowledged, done, landed, hangs, recovery } = run;
  const { finalChecks, invalid, memory } = run;
  const { report, after, stillRunning, broken, repeated } = finalChecks;
  const hit = FAULT_POINTS.filter((point) => landed.times(point) > 0).length;
  return [
    `## ${placement}`,
    '',
    `Seed ${String(seed)}: ${String(acknowledged)} orders were acknowledged during ${seconds(faultMs)} of faults, and ${String(done)} ended meanwhile. ` +
      `${String(landed.hit)} of ${String(landed.tried)} faults landed, at ${String(hit)} of ${String(FAULT_POINTS.length)} fault points. ` +
      `${String(landed.overtaken)} of ${String(landed.stopped)} processes that were suspended in a step resumed after others had finished its orders. ` +
      `${String(load.client.retries)} requests were sent again, and ${String(load.disconnected)} clients disconnected before their answer.`,
    '',
    `Before the faults, the customer database hung: ${String(hangs.taken)} orders were accepted meanwhile, ${String(hangs.notAccepted.length)} were not. Then Temporal hung. ` +
      `${String(run.notPlaced)} clients got the answer that their order is not placed, and relied on it. A saga that waited for ${seconds(hangs.waited.ms)} has ${String(hangs.waited.events)} events. ` +
      `${String(run.readsAfterCancel)} orders were read right after their cancellation was accepted.`,
    '',
    `After the last fault, every client had its answer ${afterWords(after.answered)}, every process was ready ${afterWords(after.ready)}, ` +
      `every order had ended and no saga was running ${afterWords(after.quiet)}, and the audit was clean ${afterWords(after.clean)} ` +
      `(the audit itself waits 5 s when it finds something under way). ${String(repeated)} orders were requested again with their keys.`,
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
    '| fault of a server, a connection or a process | tried | took effect |',
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
    '| memory (MB) | first minute | last minute | maximum |',
    '| --- | --: | --: | --: |',
    ...memory.map(
      ({ name, firstMinute, lastMinute, most }) =>
        `| ${name} | ${String(firstMinute)} | ${String(lastMinute)} | ${String(most)} |`,
    ),
    ...section(
      'Violated',
      report.violations.map(({ invariant, subject, words }) => `${invariant}: ${subject}: ${words}`),
    ),
    ...section('Not accepted while the customer database hung', hangs.notAccepted),
    ...section(
      'Sagas that need attention',
      report.needsAttention.map(({ sagaId, needsAttention }) => `${sagaId}: ${needsAttention.join()}`),
    ),
    ...section('Sagas that are still running', stillRunning),
    ...section('What does not hold', broken),
    ...section('Answers that no client should get', invalid),
  ].join('\n');
}

function recoveryOf({ kills, idle, underWay, resumedMs, doneMs }: Recovery): string {
  const words = (ascending: readonly number[]) =>
    `${seconds(quantile(ascending, 0.5))} (p50), ${seconds(quantile(ascending, 0.99))} (p99), ${seconds(ascending.at(-1) ?? 0)} (maximum)`;
  return (
    `Before the faults, ${String(kills)} services were killed, one whenever ${String(WARM_ORDERS)} more orders were decided, with ${String(underWay)} orders under way` +
    `${idle === 0 ? '' : ` (${String(idle)} were not killed, because too few orders were under way)`}. The sagas of ${String(resumedMs.length)} of these orders were interrupted, ` +
    `and resumed elsewhere after ${words(resumedMs)}. The orders ended after ${words(doneMs)}.`
  );
}

function afterWords(ms: number | undefined): string {
  return ms === undefined ? 'NOT IN TIME' : `after ${seconds(ms)}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, '', ...lines.map((line) => `- ${line}`)];
}
