/** `npm run faults`: the fault suite, or whether it finds planted bugs. */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { flag, number, options, runCommand, seconds, wholeNumber } from '../../platform/command';
import type { Placement } from '../../saga/contract';
import { createLogger } from '../../platform/logger';
import { installTemporalRuntime } from '../../platform/temporal';
import { introductionTo, reportOf } from './fault-report';
import { faultRun } from './fault-run';
import { evaluate } from './pass-criteria';
import { plantAll } from './plant-bugs';
import { seededRandom } from './random';

/** 30 s after the last fault all is well. */
const WELL_WITHIN_S = 30;

/** From 3 minutes on a run is to hit every fault. */
const LONG_MINUTES = 3;

/** For as long again, and 4 minutes: the machine may be busy. */
const LONGER_MS = 240_000;

const SHARES: Readonly<Record<Placement, number>> = { distributed: 2 / 3, colocated: 1 / 3 };

const PLACEMENTS = ['distributed', 'colocated'] as const;

const USAGE = `npm run faults               under load: what is promised while one thing hangs, how soon sagas resume when their
                             worker is killed, then faults from outside; of both placements
npm run faults -- --planted  whether bugs that are planted in copies of the product are found

  --minutes M    of faults; default: 10
  --orders N     at least so many orders; default: 0
  --kills N      of workers, to measure recovery; default: 20
  --within S     seconds after the last fault in which all must be well; default: ${String(WELL_WITHIN_S)}
  --placement P  only ${PLACEMENTS.join(' or ')}; by default the distributed one for two thirds of the time
  --seed N       repeats what was drawn in an earlier run
  --report FILE  also writes the report as Markdown
  --bug WORDS    with --planted: only bugs whose description contains the words; may be repeated

Exit code 0: everything held, or each bug was found; 1: something did not hold; 2: the run proves nothing, because too
few faults landed or too few orders made progress.`;

const readOptions = options({
  seed: wholeNumber.optional(),
  minutes: number.default(10),
  orders: wholeNumber.default(0),
  kills: wholeNumber.default(20),
  within: seconds.default(WELL_WITHIN_S * 1_000),
  placement: z.enum(PLACEMENTS, `is not ${PLACEMENTS.join(' or ')}`).optional(),
  report: z.string().optional(),
  planted: flag,
  bug: z.array(z.string()).default([]),
});

runCommand({ usage: USAGE, read: readOptions, failure: { code: 2 }, run: injectFaults });

async function injectFaults(values: ReturnType<typeof readOptions>): Promise<number> {
  const { minutes, within: withinMs } = values;
  const random = seededRandom(values.seed);
  installTemporalRuntime(createLogger('silent'));
  if (values.planted) return (await plantAll({ minutes, withinMs }, random, values.bug)) ? 0 : 1;
  const placements: readonly Placement[] = values.placement === undefined ? PLACEMENTS : [values.placement];
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
        orders: values.orders * share,
        kills: values.kills,
        withinMs,
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
