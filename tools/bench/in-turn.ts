/** Measures several products in turn, so that a slow minute affects all of them. */
import { step } from '../local/progress.cjs';
import { type Measured, WARM_UP_SHARE } from './measure';
import type { Product } from './product';
import { MANY_CUSTOMERS } from './servers';

interface Contestant<Running> {
  readonly name: string;
  readonly start: () => Promise<Running>;
}

/**
 * Starts one at a time, because each would publish the events of the others. Every round has each once.
 *
 * @returns the results of all rounds, by name
 */
export async function inTurn<Running extends { stop(): Promise<void> }, Result>(
  contestants: readonly Contestant<Running>[],
  rounds: number,
  measure: (running: Running) => Promise<Result>,
): Promise<ReadonlyMap<string, readonly Result[]>> {
  const taken = new Map<string, Result[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1)
    for (const { name, start } of contestants)
      await step(`round ${String(round)} of ${String(rounds)}: ${name}`, async () => {
        const running = await start();
        try {
          taken.get(name)?.push(await measure(running));
        } finally {
          await running.stop();
        }
      });
  return taken;
}

/** The rate with forty orders in flight, after a warm-up. */
export async function warmRate({ load }: Pick<Product, 'load'>, orders: number): Promise<Measured> {
  const task = { inFlight: 40, customers: MANY_CUSTOMERS };
  await load({ ...task, orders: Math.ceil(orders * WARM_UP_SHARE) });
  return load({ ...task, orders });
}
