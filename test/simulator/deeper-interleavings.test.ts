/** Two faults in a small case, and what the larger cases are drawn from. */
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DrawnChoices } from '../../tools/simulator/choices';
import { explore } from '../../tools/simulator/explore';
import { runInterleaving } from '../../tools/simulator/interleaving';
import { decisions, largerCases } from '../../tools/simulator/larger-cases';
import { type Protocol, productProtocol } from '../../tools/simulator/protocols';
import { smallCases } from '../../tools/simulator/small-cases';

let product: Protocol;

beforeAll(() => {
  product = productProtocol();
});

test('one order, and any two faults of two services: every interleaving is clean', async () => {
  const [, scenario] = smallCases(1).map((each) => each.scenario);
  if (!scenario) throw new Error('the case is gone');
  const { interleavings, complete, wrong } = await explore(product, scenario);
  expect({ complete, wrong }).toEqual({ complete: true, wrong: undefined });
  expect(interleavings).toBeGreaterThan(10_000);
});

test('what is drawn has cancellations by other sagas, steps retried and given up, and repairs', async () => {
  const seen = new Set<string>();
  for (const [scenario, bytes] of fc.sample(fc.tuple(largerCases, decisions), { seed: 5, numRuns: 5_000 }))
    await runInterleaving(product, scenario, new DrawnChoices(bytes), ({ words }) => {
      for (const each of RARE) if (words().includes(each)) seen.add(each);
    });
  expect([...seen].sort()).toEqual([...RARE].sort());
});

const RARE = [' reruns cancel-order-', ' are retried', ' are given up', 'a repair reruns order-'];
