/**
 * Every interleaving of a small case, each once. They are a tree: at its root every decision is the first possible
 * one, and a child takes one more, later decision otherwise.
 */
import { GivenChoices } from './choices';
import { type Interleaving, runInterleaving } from './interleaving';
import type { Scenario } from './scenario';
import type { Protocol } from './protocols';

interface Wrong {
  readonly choices: readonly number[];
  readonly interleaving: Interleaving;
}

export interface Explored {
  readonly interleavings: number;
  /** Whether these are all. */
  readonly complete: boolean;
  /** The first that went wrong, with which the exploration ended. */
  readonly wrong: Wrong | undefined;
}

export interface ExploreOptions {
  /** `depth` needs little memory; `breadth` comes first to those with the fewest decisions taken otherwise. */
  readonly first?: 'depth' | 'breadth';
  /** Ends there, incomplete. */
  readonly atMost?: number;
  readonly onEach?: () => void;
}

export async function explore(
  protocol: Protocol,
  scenario: Scenario,
  { first = 'depth', atMost = Infinity, onEach }: ExploreOptions = {},
): Promise<Explored> {
  let interleavings = 0;
  const left: (readonly number[])[] = [[]];
  let next = 0;
  while (next < left.length) {
    if (interleavings >= atMost) return { interleavings, complete: false, wrong: undefined };
    const given = (first === 'depth' ? left.pop() : left[next]) ?? [];
    if (first === 'breadth') next += 1;
    const choices = new GivenChoices(given);
    const interleaving = await runInterleaving(protocol, scenario, choices);
    interleavings += 1;
    onEach?.();
    if (interleaving.wrong.length > 0)
      return { interleavings, complete: false, wrong: { choices: choices.taken, interleaving } };
    if (left.length - next < atMost) left.push(...choices.others());
  }
  return { interleavings, complete: true, wrong: undefined };
}
