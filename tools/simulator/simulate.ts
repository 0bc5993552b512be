/** The runs of `npm run simulate`. */
import { GivenChoices } from './choices';
import { explore } from './explore';
import { PLANTED_BUGS } from './planted-bugs';
import { productProtocol } from './protocols';
import { type BugRow, bugTable, counterexampleText, rateText } from './report';
import { search } from './search';
import type { SmallCase } from './small-cases';
import { counterexampleOf } from './counterexample';

const PROGRESS_EVERY_MS = 5_000;

/** 200,000: each planted bug is found in far fewer. */
const MOST_FOR_A_BUG = 200_000;

/** @returns whether every interleaving of every case was clean */
export async function simulateSmall(cases: readonly SmallCase[]): Promise<boolean> {
  const protocol = productProtocol();
  let clean = true;
  for (const { words, scenario } of cases) {
    const began = Date.now();
    const { interleavings, wrong } = await explore(protocol, scenario);
    console.log(`  ${wrong ? '✗' : '✓ all of'} ${words}: ${rateText(interleavings, secondsSince(began))}`);
    if (!wrong) continue;
    clean = false;
    const { wrong: shorter = wrong } = await explore(protocol, scenario, { first: 'breadth' });
    console.log(
      counterexampleText(await counterexampleOf(protocol, scenario, new GivenChoices(shorter.choices), true)),
    );
  }
  return clean;
}

export interface LargerOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Most interleavings. */
  readonly atMost: number;
}

/** @returns whether all of them were clean */
export async function simulateLarger({ seed, minutes, atMost }: LargerOptions): Promise<boolean> {
  const began = Date.now();
  let reportedAt = began;
  const { interleavings, found } = await search(productProtocol(), {
    seed,
    atMost,
    onEach: (count) => {
      const now = Date.now();
      if (now - reportedAt < PROGRESS_EVERY_MS) return;
      reportedAt = now;
      console.log(`    ${rateText(count, secondsSince(began))}`);
    },
    isOver: () => Date.now() - began > minutes * 60_000,
  });
  console.log(`  ${found ? '✗' : '✓'} larger cases: ${rateText(interleavings, secondsSince(began))}`);
  if (!found) return true;
  console.log(counterexampleText(found));
  console.log(
    `Reproduce with: npm run simulate -- --seed ${String(seed)} --interleavings ${String(interleavings)}`,
  );
  return false;
}

/** @returns whether each planted bug was found */
export async function simulateBugs(seed: number): Promise<boolean> {
  const rows: BugRow[] = [];
  for (const { words, protocol } of PLANTED_BUGS) {
    const { interleavings, found: counterexample } = await search(protocol(), {
      seed,
      atMost: MOST_FOR_A_BUG,
    });
    rows.push({ words, interleavings, counterexample });
    console.log(`${words}: ${counterexample ? counterexampleText(counterexample) : 'NOT FOUND'}\n`);
  }
  console.log(bugTable(rows));
  return rows.every(({ counterexample }) => counterexample !== undefined);
}

function secondsSince(began: number): number {
  return (Date.now() - began) / 1_000;
}
