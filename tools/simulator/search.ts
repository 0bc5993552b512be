/** Larger cases by chance, until one goes wrong; then the shortest counterexample. */
import fc from 'fast-check';
import { DrawnChoices } from './choices';
import { runInterleaving } from './interleaving';
import { decisions, largerCases } from './larger-cases';
import type { Protocol } from './protocols';
import { type Counterexample, shortestCounterexample } from './counterexample';

export interface Searched {
  /** How many were run before one went wrong, and that one. */
  readonly interleavings: number;
  readonly found: Counterexample | undefined;
}

export interface SearchOptions {
  readonly seed: number;
  readonly atMost: number;
  readonly onEach?: (interleavings: number) => void;
  /** Ends the search when it says so, between two interleavings. */
  readonly isOver?: () => boolean;
}

/** @returns the same for the same seed, unless it is over before */
export async function search(
  protocol: Protocol,
  { seed, atMost, onEach, isOver }: SearchOptions,
): Promise<Searched> {
  let interleavings = 0;
  let wentWrong = false;
  const property = fc.asyncProperty(largerCases, decisions, async (scenario, bytes) => {
    if (!wentWrong) {
      fc.pre(!isOver?.());
      interleavings += 1;
      onEach?.(interleavings);
    }
    const { wrong } = await runInterleaving(protocol, scenario, new DrawnChoices(bytes));
    wentWrong ||= wrong.length > 0;
    return wrong.length === 0;
  });
  // No skip is allowed, so the first one, when the search is over, ends it.
  const { counterexample } = await fc.check(property, { seed, numRuns: atMost, maxSkipsPerRun: 0 });
  if (!counterexample) return { interleavings, found: undefined };
  const [scenario, bytes] = counterexample;
  return { interleavings, found: await shortestCounterexample(protocol, scenario, bytes) };
}
