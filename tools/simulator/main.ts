/** `npm run simulate`: explores the sagas' interleavings on models, or finds planted bugs there. */
import { flag, number, options, runCommand, wholeNumber } from '../../platform/command';
import { simulateBugs, simulateLarger, simulateSmall } from './simulate';
import { smallCases } from './small-cases';

const USAGE = `npm run simulate             every interleaving of the small cases, and larger cases by chance
npm run simulate -- --bugs   whether planted bugs are found

  --minutes M         larger cases for M minutes; default: 1
  --interleavings N   N larger cases, however long they take
  --seed N            of the larger cases
  --faults N          N more faults in each small case; default: 0

Exit code 0: all was clean, or each bug was found; 1: not; 2: it failed to run.`;

const readOptions = options({
  seed: wholeNumber.default(() => Date.now() % 2 ** 31),
  minutes: number.optional(),
  interleavings: wholeNumber.optional(),
  faults: wholeNumber.default(0),
  bugs: flag,
});

runCommand({
  usage: USAGE,
  read: readOptions,
  failure: { code: 2 },
  run: async ({ seed, minutes, interleavings, faults, bugs }) => {
    console.log(`seed ${String(seed)}`);
    if (bugs) return (await simulateBugs(seed)) ? 0 : 1;
    const small = await simulateSmall(smallCases(faults));
    const larger = await simulateLarger({
      seed,
      minutes: minutes ?? (interleavings === undefined ? 1 : Infinity),
      atMost: interleavings ?? 2 ** 31 - 1,
    });
    return small && larger ? 0 : 1;
  },
});
