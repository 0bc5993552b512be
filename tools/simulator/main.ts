/**
 * `npm run simulate [-- --seed N] [--minutes M] [--interleavings N] [--faults N] [--bugs]`: every interleaving of the
 * small cases, and larger ones by chance for M minutes; or, with `--bugs`, whether planted bugs are found. Exit code 0
 * when all was clean, or each bug found; 1 when not; 2 when it could not run.
 */
import { parseArgs } from 'node:util';
import { simulateBugs, simulateLarger, simulateSmall } from './simulate';
import { smallCases } from './small-cases';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      minutes: { type: 'string' },
      interleavings: { type: 'string' },
      faults: { type: 'string', default: '0' },
      bugs: { type: 'boolean', default: false },
    },
  });
  const seed = wholeNumber('seed', values.seed);
  const faults = wholeNumber('faults', values.faults);
  const atMost =
    values.interleavings === undefined ? undefined : wholeNumber('interleavings', values.interleavings);
  const minutes = Number(values.minutes ?? (atMost === undefined ? '1' : 'Infinity'));
  if (!(minutes >= 0)) throw new Error('--minutes is a number of minutes');
  console.log(`seed ${String(seed)}`);
  if (values.bugs) return (await simulateBugs(seed)) ? 0 : 1;
  const small = await simulateSmall(smallCases(faults));
  const larger = await simulateLarger({ seed, minutes, atMost: atMost ?? 2 ** 31 - 1 });
  return small && larger ? 0 : 1;
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${option} is a whole number, not ${text}`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
