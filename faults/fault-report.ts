/** What a run of the fault suite did and saw, as Markdown. */
import { INVARIANTS } from '../audit/invariants';
import { MOMENTS } from './fault-line';
import { FAULT_POINTS, type FaultPoint, STEP_FAULTS } from './fault-points';
import type { Load } from './load';
import { quantile, type Recovery } from './recovery';
import { STEPS } from './steps';
import type { Verdict } from './verdict';

/** Which faults were really hit. */
export class Landed {
  readonly #points = new Map<string, number>();
  readonly servers = new Map<string, number>();
  tried = 0;
  total = 0;

  note({ step, moment, fault }: FaultPoint, hit: boolean): void {
    this.tried += 1;
    if (!hit) return;
    this.total += 1;
    const key = [step, moment, fault].join();
    this.#points.set(key, (this.#points.get(key) ?? 0) + 1);
  }

  noteServer(name: string): void {
    this.tried += 1;
    this.total += 1;
    this.servers.set(name, (this.servers.get(name) ?? 0) + 1);
  }

  times({ step, moment, fault }: FaultPoint): number {
    return this.#points.get([step, moment, fault].join()) ?? 0;
  }
}

export interface FaultRun {
  readonly seed: number;
  readonly faultMs: number;
  /** Orders that had been acknowledged when the faults began. */
  readonly before: number;
  readonly load: Pick<Load, 'acknowledged' | 'sentAgain' | 'strange'>;
  readonly landed: Landed;
  readonly recovery: Recovery;
  readonly verdict: Verdict;
}

export function reportOf({ seed, faultMs, before, load, landed, recovery, verdict }: FaultRun): string {
  const { report, quietAfterMs, broken } = verdict;
  const hit = FAULT_POINTS.filter((point) => landed.times(point) > 0).length;
  const quiet =
    quietAfterMs === undefined
      ? 'not all orders came to their end'
      : `all orders at their end after ${seconds(quietAfterMs)}`;
  return [
    `Seed ${String(seed)}: ${String(load.acknowledged.size - before)} orders acknowledged under ${seconds(faultMs)} of faults, ${String(landed.total)} of ${String(landed.tried)} landed, ${String(hit)} of ${String(FAULT_POINTS.length)} fault points hit; ${String(load.sentAgain)} requests were sent again. When the faults were over: ${quiet}.`,
    ...(recovery.kills === 0 ? [] : ['', recoveryOf(recovery)]),
    '',
    `| step | moment | ${STEP_FAULTS.join(' | ')} |`,
    `| --- | --- | ${STEP_FAULTS.map(() => '--:').join(' | ')} |`,
    ...STEPS.flatMap((step) =>
      MOMENTS.map(
        (moment) =>
          `| ${step} | ${moment} | ${STEP_FAULTS.map((fault) => timesOf({ step, moment, fault }, landed)).join(' | ')} |`,
      ),
    ),
    '',
    '| fault of a server or a line | times |',
    '| --- | --: |',
    ...[...landed.servers].map(([name, times]) => `| ${name} | ${String(times)} |`),
    '',
    '| invariant | checked | in flight | violated |',
    '| --- | --: | --: | --: |',
    ...Object.entries(report.invariants).map(
      ([name, { checked, inFlight, violated }]) =>
        `| ${name in INVARIANTS ? name : ''} | ${String(checked)} | ${String(inFlight)} | ${String(violated)} |`,
    ),
    ...section(
      'Violated',
      report.violations.map(({ invariant, subject, words }) => `${invariant}: ${subject}: ${words}`),
    ),
    ...section('Answers that do not hold', broken),
    ...section('Answers that nobody should get', load.strange),
  ].join('\n');
}

function recoveryOf({ kills, underWay, waitedMs }: Recovery): string {
  const [p50, p99] = [quantile(waitedMs, 0.5), quantile(waitedMs, 0.99)];
  return (
    `Before that ${String(kills)} workers were killed one after the other, with ${String(underWay)} orders under way: ` +
    `${String(waitedMs.length)} of them had to wait for another worker, and were done after ${seconds(p50)} (p50), ` +
    `${seconds(p99)} (p99), ${seconds(waitedMs.at(-1) ?? 0)} (the last).`
  );
}

function timesOf(point: FaultPoint, landed: Landed): string {
  const possible = FAULT_POINTS.some(
    ({ step, moment, fault }) => step === point.step && moment === point.moment && fault === point.fault,
  );
  return possible ? String(landed.times(point)) : '–';
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, '', ...lines.map((line) => `- ${line}`)];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
