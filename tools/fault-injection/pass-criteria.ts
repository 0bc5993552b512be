/** Decides whether everything held, something did not, or the run is inconclusive. Pure. */
import { MOMENTS } from './breakpoint';
import { FAULT_POINTS, type StepFault } from './fault-points';
import type { FaultTally } from './fault-tally';
import type { FinalChecks } from './final-checks';
import { type Hangs, tooManyEvents } from './hangs';
import type { MemoryOfProcess } from './memory-usage';
import { AFFECTED_AT_LEAST, KILLS_TO_JUDGE, quantile, type Recovery } from './recovery';
import { STEPS } from './step-recognition';

/** Share of faults landed, and orders completed per minute; below these the run is inconclusive. */
const LANDED_AT_LEAST = 0.5;
const DONE_A_MINUTE_AT_LEAST = 60;

/** A saga whose worker is killed resumes within 5 s (p99). */
const RESUMES_WITHIN_MS = 5_000;

/** As many orders as there are callers, and a wait in which pauses grow to seconds. */
const TAKEN_AT_LEAST = 40;
const WAITED_AT_LEAST_MS = 15_000;

/** 600 MB: a process of ours has 200 to 300 on a quiet machine. */
const MEMORY_MAX_MB = 600;

/** What a run has to hit. */
export interface Aims {
  /** A long run has every fault of the table, a short one every step at every moment. */
  readonly long: boolean;
  /** Names of the processes that are caught in a step: each is to be killed there, and stopped. */
  readonly services: readonly string[];
  /** Names of the faults of servers, lines and processes that there are. */
  readonly otherFaults: readonly string[];
}

type WhatLanded = Pick<FaultTally, 'tried' | 'hit' | 'times' | 'timesAt' | 'struck' | 'others'>;

export interface RunFacts {
  readonly aims: Aims;
  readonly faultMs: number;
  /** Orders completed during the faults. */
  readonly done: number;
  /** Callers that went away when they had no answer yet. */
  readonly disconnected: number;
  /** Orders that their callers believe not to be placed. */
  readonly notPlaced: number;
  /** Reads of orders right after their cancellation was accepted. */
  readonly readsAfterCancel: number;
  readonly hangs: Hangs;
  readonly landed: WhatLanded;
  readonly recovery: Recovery;
  readonly finalChecks: FinalChecks;
  /** Answers that no caller should get. */
  readonly invalid: readonly string[];
  readonly memory: readonly MemoryOfProcess[];
}

/** How what is missing begins, in words. */
export const INCONCLUSIVE = 'inconclusive';

export interface Evaluation {
  /** 0: everything held. 1: something did not. 2: the run is inconclusive. */
  readonly code: 0 | 1 | 2;
  readonly words: readonly string[];
}

export function evaluate(facts: RunFacts): Evaluation {
  const broken = violationsOf(facts);
  const missing = missingEvidence(facts);
  const words = [...broken, ...missing.map((each) => `${INCONCLUSIVE}: ${each}`)];
  if (broken.length > 0) return { code: 1, words };
  return { code: missing.length > 0 ? 2 : 0, words };
}

function violationsOf({ finalChecks, hangs, invalid, recovery, memory }: RunFacts): string[] {
  const { report, after, withinMs, broken } = finalChecks;
  const late = Object.entries({
    answered: 'not every client had its answer',
    ready: 'not every process was ready',
    quiet: 'an order was open or a saga was running',
    clean: 'the audit was not clean',
  } satisfies Record<keyof FinalChecks['after'], string>);
  return [
    ...late
      .filter(([what]) => after[what as keyof typeof after] === undefined)
      .map(([, words]) => `${words} ${seconds(withinMs)} after the last fault`),
    ...Object.entries(report.invariants).flatMap(([name, { inFlight, violated }]) => [
      ...(violated > 0 ? [`${name}: ${String(violated)} violated`] : []),
      ...(inFlight > 0 ? [`${name}: ${String(inFlight)} still in flight`] : []),
    ]),
    ...counted(report.needsAttention.length, 'saga needs attention', 'sagas need attention'),
    ...counted(broken.length, 'answer or process does not hold', 'answers or processes do not hold'),
    ...counted(
      hangs.notAccepted.length,
      'order was not taken while the customer database hung',
      'orders were not taken while the customer database hung',
    ),
    ...tooManyEvents(hangs),
    ...counted(invalid.length, 'invalid answer', 'invalid answers'),
    ...(isEvaluated(recovery) && quantile(recovery.resumedMs, 0.99) > RESUMES_WITHIN_MS
      ? [`sagas whose worker was killed resumed after ${seconds(quantile(recovery.resumedMs, 0.99))} (p99)`]
      : []),
    ...memory
      .filter(({ most }) => most > MEMORY_MAX_MB)
      .map(({ name, most }) => `${name} took ${String(most)} MB of memory`),
  ];
}

function missingEvidence(facts: RunFacts): string[] {
  const { aims, faultMs, done, disconnected, notPlaced, readsAfterCancel, hangs } = facts;
  const { landed, recovery, memory, finalChecks } = facts;
  const { checked } = finalChecks.report.invariants.terminal;
  const share = landed.hit / Math.max(landed.tried, 1);
  const doneAMinute = done / (faultMs / 60_000);
  return [
    ...(share < LANDED_AT_LEAST
      ? [`only ${String(landed.hit)} of ${String(landed.tried)} faults landed`]
      : []),
    ...(doneAMinute < DONE_A_MINUTE_AT_LEAST
      ? [`only ${doneAMinute.toFixed(0)} orders a minute were completed`]
      : []),
    ...neverHit(aims, landed).map((words) => `${words}: never hit`),
    ...(checked < finalChecks.acknowledged
      ? [`the audit looked at ${String(checked)} of ${String(finalChecks.acknowledged)} orders`]
      : []),
    ...(disconnected === 0 ? ['no client disconnected before its answer'] : []),
    ...(finalChecks.repeated === 0 ? ['no order was requested again'] : []),
    ...(notPlaced === 0 ? ['no client was informed that its order is not placed'] : []),
    ...(readsAfterCancel === 0 ? ['no order was read after its cancellation was accepted'] : []),
    ...(hangs.taken < TAKEN_AT_LEAST
      ? [`only ${String(hangs.taken)} orders were taken while the customer database hung`]
      : []),
    ...(hangs.waited.ms < WAITED_AT_LEAST_MS ? [`a saga waited for ${seconds(hangs.waited.ms)} only`] : []),
    ...aims.services
      .filter((service) => !memory.some(({ name, most }) => name === service && most > 0))
      .map((service) => `the memory of ${service} was not measured`),
    ...(recovery.idle > 0 ? [`${String(recovery.idle)} kills found too few orders under way`] : []),
    ...(isEvaluated(recovery) && recovery.resumedMs.length < AFFECTED_AT_LEAST
      ? [`only ${String(recovery.resumedMs.length)} orders were affected by the killed workers`]
      : []),
  ];
}

/** Faults after which a process of ours is another, or finds the world changed. */
const OF_PROCESSES: readonly StepFault[] = ['process killed', 'process stopped'];

/** @returns what was to be hit, and was not; everything is within reach in both placements */
export function neverHit({ long, services, otherFaults }: Aims, landed: WhatLanded): string[] {
  if (!long)
    return STEPS.flatMap((step) =>
      MOMENTS.filter((moment) => landed.timesAt(FAULT_POINTS, step, moment) === 0).map(
        (moment) => `${step}, ${moment}`,
      ),
    );
  return [
    ...FAULT_POINTS.filter((point) => landed.times(point) === 0).map(
      ({ step, moment, fault }) => `${step}, ${moment}, ${fault}`,
    ),
    ...services.flatMap((name) =>
      OF_PROCESSES.filter((fault) => !landed.struck(name, fault)).map((fault) => `${name}: ${fault}`),
    ),
    ...otherFaults.filter((name) => (landed.others.get(name)?.hit ?? 0) === 0),
  ];
}

function isEvaluated({ kills, idle }: Recovery): boolean {
  return kills + idle >= KILLS_TO_JUDGE;
}

function counted(count: number, one: string, more: string): string[] {
  return count === 0 ? [] : [`${String(count)} ${count === 1 ? one : more}`];
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
