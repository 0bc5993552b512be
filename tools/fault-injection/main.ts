/**
 * `npm run faults [-- --seed N] [--minutes M] [--orders N] [--kills N] [--within S] [--placement P] [--report FILE]
 * [--planted [--bug WORDS]…]`: under load, first what is promised while one thing hangs, then how soon sagas resume when
 * their worker is killed, then faults from outside; of both placements, the distributed one for two thirds of the time.
 * With `--planted`, whether bugs that are planted in copies of the product are found, all or those named. Exit code 0 when everything held (or each bug was found), 1 when something did not, 2 when the
 * run is inconclusive: too few faults landed, or too few orders made progress.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Placement } from '../../saga/contract';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { introductionTo, reportOf } from './fault-report';
import { faultRun } from './fault-run';
import { evaluate } from './pass-criteria';
import { plantAll } from './plant-bugs';
import { seededRandom } from './random';

/** 30 s after the last fault all is well. */
const WELL_WITHIN_S = '30';

/** From 3 minutes on a run is to hit every fault. */
const LONG_MINUTES = 3;

/** For as long again, and 4 minutes: the machine may be busy. */
const LONGER_MS = 240_000;

const SHARES: Readonly<Record<Placement, number>> = { distributed: 2 / 3, colocated: 1 / 3 };

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '10' },
      orders: { type: 'string', default: '0' },
      kills: { type: 'string', default: '20' },
      within: { type: 'string', default: WELL_WITHIN_S },
      placement: { type: 'string' },
      report: { type: 'string' },
      planted: { type: 'boolean', default: false },
      bug: { type: 'string', multiple: true, default: [] },
    },
  });
  const random = seededRandom(values.seed === undefined ? undefined : Number(values.seed));
  const minutes = Number(values.minutes);
  installTemporalRuntime(createLogger('silent'));
  if (values.planted)
    return (await plantAll({ minutes, withinMs: Number(values.within) * 1_000 }, random, values.bug)) ? 0 : 1;
  const placements = placementsOf(values.placement);
  const all = placements.reduce((sum, placement) => sum + SHARES[placement], 0);
  const texts: string[] = [];
  let worst = 0;
  for (const placement of placements) {
    const share = SHARES[placement] / all;
    const run = await faultRun(
      {
        placement,
        minutes: minutes * share,
        longerMs: minutes * share * 60_000 + LONGER_MS,
        orders: Number(values.orders) * share,
        kills: Number(values.kills),
        withinMs: Number(values.within) * 1_000,
        long: minutes >= LONG_MINUTES,
      },
      random,
    );
    const { code, words } = evaluate(run);
    const found = code === 0 ? ['Everything held.'] : words.map((each) => `- ${each}`);
    const text = [reportOf(run), '', ...found].join('\n');
    console.log(text);
    texts.push(text);
    worst = worst === 1 || code === 1 ? 1 : Math.max(worst, code);
  }
  if (values.report !== undefined) {
    const text = [introductionTo(process.argv.slice(2)), ...texts].join('\n\n');
    writeFileSync(values.report, `${text}\n`);
  }
  return worst;
}

function placementsOf(name: string | undefined): readonly Placement[] {
  const placements = Object.keys(SHARES) as Placement[];
  if (name === undefined) return placements;
  const found = placements.filter((placement) => placement === name);
  if (found.length === 0) throw new Error(`--placement is ${placements.join(' or ')}, not ${name}`);
  return found;
}

function isUsage(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(isUsage(error) ? error.message : error);
    process.exit(2);
  },
);
