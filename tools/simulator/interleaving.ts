/** One complete schedule: from the start of the sagas until nothing is in progress. */
import type { Action } from './action';
import { possibleActions } from './actions';
import { wrongAtTheEnd, wrongNow } from './checks';
import type { Choices } from './choices';
import type { Scenario } from './scenario';
import type { Protocol } from './protocols';
import { World } from './world';

/** Some hundred are usual; a saga that runs longer does not terminate. */
const LONGEST_INTERLEAVING = 2_000;

export interface Interleaving {
  /** How many things happened. */
  readonly length: number;
  /** How many of them were faults. */
  readonly faults: number;
  /** What is wrong, in words with ids; empty when everything held. */
  readonly wrong: readonly string[];
}

/** @param listener called with each action before it happens */
export async function runInterleaving(
  protocol: Protocol,
  scenario: Scenario,
  choices: Choices,
  listener?: (action: Action) => void,
): Promise<Interleaving> {
  const world = new World(scenario, protocol);
  let length = 0;
  const ended = (wrong: readonly string[]) => ({ length, wrong, faults: scenario.faults - world.faultsLeft });
  const { stackTraceLimit } = Error;
  // Failures are normal here, and their stacks are not used.
  Error.stackTraceLimit = 0;
  try {
    await world.begin();
    while (length < LONGEST_INTERLEAVING) {
      const { usual, unusual } = possibleActions(world);
      if (usual.length === 0) return ended(await wrongWhenEnded(world));
      const only = usual.length + unusual.length === 1;
      const picked = only ? 0 : choices.pick(usual.length, unusual.length);
      const action = usual[picked] ?? unusual[picked - usual.length];
      if (!action) throw new RangeError(`there is no choice ${String(picked)}`);
      length += 1;
      if (picked >= usual.length) world.faultsLeft -= 1;
      listener?.(action);
      const goesOn = action.happen(world);
      if (goesOn) await goesOn;
      const wrong = wrongNow(world);
      if (wrong.length > 0) return ended(wrong);
    }
    return ended([`it does not terminate within ${String(LONGEST_INTERLEAVING)} steps`]);
  } catch (error) {
    return ended([`it throws: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** @returns what is wrong when nothing is under way any more, in words */
export async function wrongWhenEnded(world: World): Promise<string[]> {
  for (const relay of world.relays) while (relay.next().length > 0) relay.publish();
  const wrong = wrongAtTheEnd(world);
  for (const saga of world.sagas.values()) wrong.push(...(await saga.wrongReplays()));
  return wrong;
}
