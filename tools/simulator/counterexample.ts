/** The shortest counterexample found, in words. */
import { type Choices, DrawnChoices, GivenChoices } from './choices';
import { explore } from './explore';
import { runInterleaving } from './interleaving';
import { inWords, type Scenario } from './scenario';
import { shrinkCandidates } from './shrink';
import type { Protocol } from './protocols';

export interface Counterexample {
  readonly scenario: Scenario;
  /** The actions, in order. */
  readonly steps: readonly string[];
  /** How many of them were faults. */
  readonly faults: number;
  /** What was wrong at the end. */
  readonly wrong: readonly string[];
  /** Whether no counterexample of this scenario takes fewer decisions that are not the first possible one. */
  readonly shortest: boolean;
}

/** 30,000 take some seconds, and those for a simpler scenario a tenth of that. */
const LOOKED_AT_MOST = 30_000;
const LOOKED_AT_SIMPLER = 3_000;

/** @param bytes the decisions of an interleaving that goes wrong */
export async function shortestCounterexample(
  protocol: Protocol,
  scenario: Scenario,
  bytes: ArrayLike<number>,
): Promise<Counterexample> {
  const simpler = await simplest(protocol, scenario);
  const atMost = simpler ? Infinity : LOOKED_AT_MOST;
  const { wrong } = await explore(protocol, simpler ?? scenario, { first: 'breadth', atMost });
  return wrong
    ? counterexampleOf(protocol, simpler ?? scenario, new GivenChoices(wrong.choices), true)
    : counterexampleOf(protocol, scenario, new DrawnChoices(bytes), false);
}

/** @returns undefined when nothing that is simpler goes wrong within a few decisions */
async function simplest(protocol: Protocol, scenario: Scenario): Promise<Scenario | undefined> {
  for (const simpler of shrinkCandidates(scenario)) {
    const { wrong } = await explore(protocol, simpler, { first: 'breadth', atMost: LOOKED_AT_SIMPLER });
    if (wrong) return (await simplest(protocol, simpler)) ?? simpler;
  }
  return undefined;
}

export async function counterexampleOf(
  protocol: Protocol,
  scenario: Scenario,
  choices: Choices,
  shortest: boolean,
): Promise<Counterexample> {
  const steps: string[] = [];
  const { wrong, faults } = await runInterleaving(protocol, scenario, choices, ({ words }) => {
    steps.push(inWords(words()));
  });
  return { scenario, steps, faults, wrong: wrong.map(inWords), shortest };
}
