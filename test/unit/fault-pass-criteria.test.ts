/** The fault suite can fail a run: for a violation, and for an inconclusive run. */
import { expect, test } from '@jest/globals';
import type { AuditReport } from '../../ops/audit/audit';
import type { Invariant } from '../../ops/audit/invariants';
import { FAULT_POINTS, type FaultPoint } from '../../tools/fault-injection/fault-points';
import { evaluate, type RunFacts } from '../../tools/fault-injection/pass-criteria';
import { FaultTally } from '../../tools/fault-injection/fault-tally';
import type { FinalChecks } from '../../tools/fault-injection/final-checks';

const SERVICES = ['order-1', 'customer-1'];
const OTHERS = ['Temporal killed', 'a line slowed'];

function landedAt(
  points: readonly FaultPoint[],
  { services = SERVICES, others = OTHERS, lost = 0 } = {},
): FaultTally {
  const landed = new FaultTally();
  for (const point of points) {
    for (const process of services) landed.note(point, { process, overtaken: false });
    for (let tried = 0; tried < lost; tried++) landed.note(point, undefined);
  }
  for (const name of OTHERS) landed.noteOther(name, others.includes(name));
  return landed;
}

function recovery(affected: number, resumedMs: number): RunFacts['recovery'] {
  const all = Array.from({ length: affected }, () => resumedMs);
  return { kills: 12, idle: 0, underWay: affected, resumedMs: all, doneMs: all };
}

const CLEAN = { checked: 100, inFlight: 0, violated: 0 };
const REPORT: AuditReport = {
  invariants: {
    credit: CLEAN,
    terminal: CLEAN,
    reservation: CLEAN,
    identity: CLEAN,
    outbox: CLEAN,
    saga: CLEAN,
    view: CLEAN,
  },
  violations: [],
  needsAttention: [],
};

const FINAL_CHECKS: FinalChecks = {
  report: REPORT,
  withinMs: 30_000,
  after: { answered: 100, ready: 100, quiet: 100, clean: 5_100 },
  stillRunning: [],
  broken: [],
  acknowledged: 100,
  repeated: 100,
};

const MEMORY = { firstMinute: 200, lastMinute: 250, most: 260 };

const GOOD: RunFacts = {
  aims: { long: true, services: SERVICES, otherFaults: OTHERS },
  faultMs: 60_000,
  done: 500,
  disconnected: 20,
  notPlaced: 5,
  readsAfterCancel: 50,
  hangs: { taken: 90, notAccepted: [], waited: { ms: 40_000, events: 20 } },
  landed: landedAt(FAULT_POINTS),
  recovery: recovery(200, 2_000),
  finalChecks: FINAL_CHECKS,
  invalid: [],
  memory: SERVICES.map((name) => ({ name, ...MEMORY })),
};

/** Every step at every moment, with one fault only. */
const CUTS = FAULT_POINTS.filter(({ fault }) => fault === 'connection cut');

const finalChecks = (changes: Partial<FinalChecks>) => ({ finalChecks: { ...FINAL_CHECKS, ...changes } });
const after = (changes: Partial<FinalChecks['after']>) =>
  finalChecks({ after: { ...FINAL_CHECKS.after, ...changes } });
const found = (invariant: Invariant, counts: object) =>
  finalChecks({
    report: { ...REPORT, invariants: { ...REPORT.invariants, [invariant]: { ...CLEAN, ...counts } } },
  });

test.each<[string, Partial<RunFacts>]>([
  ['everything was hit, and held', {}],
  [
    'a short run, with every step at every moment',
    { aims: { ...GOOD.aims, long: false }, landed: landedAt(CUTS, { others: [] }) },
  ],
  ['a saga that goes on just in time', { recovery: recovery(100, 5_000) }],
  ['no worker was to be killed', { recovery: { ...recovery(0, 0), kills: 0 } }],
])('holds: %s', (_name, changes) => {
  expect(evaluate({ ...GOOD, ...changes })).toEqual({ code: 0, words: [] });
});

test.each<[string, Partial<RunFacts>]>([
  ['not every client had its answer 30.0 s after the last fault', after({ answered: undefined })],
  ['not every process was ready 30.0 s after the last fault', after({ ready: undefined })],
  ['an order was open or a saga was running 30.0 s after the last fault', after({ quiet: undefined })],
  ['the audit was not clean 30.0 s after the last fault', after({ clean: undefined })],
  ['reservation: 1 violated', found('reservation', { violated: 1 })],
  ['view: 2 still in flight', found('view', { inFlight: 2 })],
  [
    '1 saga needs attention',
    finalChecks({
      report: { ...REPORT, needsAttention: [{ sagaId: 'order-1', needsAttention: ['releaseCredit'] }] },
    }),
  ],
  ['1 answer or process does not hold', finalChecks({ broken: ['an order is not there'] })],
  [
    '1 order was not taken while the customer database hung',
    { hangs: { ...GOOD.hangs, notAccepted: ['/problems/overloaded'] } },
  ],
  [
    'a saga that waited for 40 s has 61 events',
    { hangs: { ...GOOD.hangs, waited: { ms: 40_000, events: 61 } } },
  ],
  ['2 invalid answers', { invalid: ['a 500', 'no JSON'] }],
  ['sagas whose worker was killed resumed after 5.1 s (p99)', { recovery: recovery(200, 5_100) }],
  ['sagas whose worker was killed resumed after Infinity s (p99)', { recovery: recovery(200, Infinity) }],
  [
    'order-1 took 601 MB of memory',
    { memory: SERVICES.map((name) => ({ name, ...MEMORY, most: name === 'order-1' ? 601 : 260 })) },
  ],
])('does not hold: %s', (words, changes) => {
  expect(evaluate({ ...GOOD, ...changes })).toEqual({ code: 1, words: [words] });
});

test.each<[string, Partial<RunFacts>]>([
  ['only 146 of 362 faults landed', { landed: landedAt(FAULT_POINTS, { lost: 3 }) }],
  ['only 59 orders a minute were completed', { done: 59 }],
  ['no client was informed that its order is not placed', { notPlaced: 0 }],
  ['no order was read after its cancellation was accepted', { readsAfterCancel: 0 }],
  ['only 39 orders were taken while the customer database hung', { hangs: { ...GOOD.hangs, taken: 39 } }],
  ['a saga waited for 14.9 s only', { hangs: { ...GOOD.hangs, waited: { ms: 14_900, events: 20 } } }],
  [
    'reserveCredit, after its completion, process stopped: never hit',
    {
      landed: landedAt(
        FAULT_POINTS.filter(
          ({ step, moment, fault }) =>
            step !== 'reserveCredit' || moment !== 'after its completion' || fault !== 'process stopped',
        ),
      ),
    },
  ],
  [
    'cancelOrders, before its statement: never hit',
    {
      aims: { ...GOOD.aims, long: false },
      landed: landedAt(
        FAULT_POINTS.filter(
          ({ step, moment }) => step !== 'cancelOrders' || moment !== 'before its statement',
        ),
      ),
    },
  ],
  ['a line slowed: never hit', { landed: landedAt(FAULT_POINTS, { others: ['Temporal killed'] }) }],
  [
    'customer-1: process killed: never hit',
    {
      landed: (() => {
        const landed = landedAt(FAULT_POINTS, { services: ['order-1'] });
        for (const point of FAULT_POINTS)
          if (point.fault !== 'process killed')
            landed.note(point, { process: 'customer-1', overtaken: true });
        return landed;
      })(),
    },
  ],
  ['the audit looked at 100 of 101 orders', finalChecks({ acknowledged: 101 })],
  ['no client disconnected before its answer', { disconnected: 0 }],
  ['no order was requested again', finalChecks({ repeated: 0 })],
  ['the memory of customer-1 was not measured', { memory: [{ name: 'order-1', ...MEMORY }] }],
  ['1 kills found too few orders under way', { recovery: { ...recovery(200, 1), idle: 1 } }],
  ['only 99 orders were affected by the killed workers', { recovery: recovery(99, 1) }],
])('inconclusive: %s', (words, changes) => {
  expect(evaluate({ ...GOOD, ...changes })).toEqual({ code: 2, words: [`inconclusive: ${words}`] });
});

test('a violation outweighs an inconclusive run', () => {
  const { code, words } = evaluate({ ...GOOD, done: 0, invalid: ['a 500'] });
  expect([code, words.length]).toEqual([1, 2]);
});
