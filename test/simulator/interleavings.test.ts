import { beforeAll, expect, test } from '@jest/globals';
import { GivenChoices } from '../../tools/simulator/choices';
import { explore } from '../../tools/simulator/explore';
import { type Protocol, productProtocol } from '../../tools/simulator/protocols';
import { counterexampleText } from '../../tools/simulator/report';
import { search } from '../../tools/simulator/search';
import { smallCases } from '../../tools/simulator/small-cases';
import { counterexampleOf } from '../../tools/simulator/counterexample';
import { testSeed } from './seed';

/** Ten seconds: half of the cases have fast paths, which take twice as long. `npm run simulate` runs as long as requested. */
const LARGER_CASES = 2_000;

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
