import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DrawnChoices, GivenChoices } from '../../tools/simulator/choices';
import { explore } from '../../tools/simulator/explore';
import { runInterleaving } from '../../tools/simulator/interleaving';
import { decisions, largerCases } from '../../tools/simulator/larger-cases';
import { type Protocol, productProtocol } from '../../tools/simulator/protocols';
import { counterexampleText } from '../../tools/simulator/report';
import { search } from '../../tools/simulator/search';
import { smallCases } from '../../tools/simulator/small-cases';
import { counterexampleOf } from '../../tools/simulator/counterexample';
import { testSeed } from './seed';

/** Ten seconds; `npm run simulate` runs as long as requested. */
const LARGER_CASES = 4_000;

let product: Protocol;

beforeAll(() => {
  product = productProtocol();
});

test('every interleaving of the small cases is clean', async () => {
  let all = 0;
  for (const { words, scenario } of smallCases(0)) {
    const { interleavings, complete, wrong } = await explore(product, scenario);
    console.log(`${words}: ${String(interleavings)} interleavings`);
    if (wrong)
      throw new Error(
        counterexampleText(await counterexampleOf(product, scenario, new GivenChoices(wrong.choices), false)),
      );
    expect(complete).toBe(true);
    all += interleavings;
  }
  expect(all).toBeGreaterThan(8_000);
});

test('one order, and any two faults of two services: every interleaving is clean', async () => {
  const [, scenario] = smallCases(1).map((each) => each.scenario);
  if (!scenario) throw new Error('the case is gone');
  const { interleavings, complete, wrong } = await explore(product, scenario);
  expect({ complete, wrong }).toEqual({ complete: true, wrong: undefined });
  expect(interleavings).toBeGreaterThan(10_000);
});

test('larger random cases are clean', async () => {
  const seed = testSeed();
  const { interleavings, found } = await search(product, { seed, atMost: LARGER_CASES });
  if (found) throw new Error(`TEST_SEED=${String(seed)}\n${counterexampleText(found)}`);
  expect(interleavings).toBe(LARGER_CASES);
});

test('the same seed draws the same cases', async () => {
  const searched = () => search(product, { seed: 3, atMost: 300 });
  expect(await searched()).toEqual({ interleavings: 300, found: undefined });
  expect(await searched()).toEqual(await searched());
});

test('what is drawn has cancellations by other sagas, steps retried and given up, and repairs', async () => {
  const seen = new Set<string>();
  for (const [scenario, bytes] of fc.sample(fc.tuple(largerCases, decisions), { seed: 5, numRuns: 1_500 }))
    await runInterleaving(product, scenario, new DrawnChoices(bytes), ({ words }) => {
      for (const each of RARE) if (words().includes(each)) seen.add(each);
    });
  expect([...seen].sort()).toEqual([...RARE].sort());
});

const RARE = [' reruns cancel-order-', ' are retried', ' are given up', 'a repair reruns order-'];
