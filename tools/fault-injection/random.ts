/** Random runs that can be repeated: what is drawn follows from the seed, which is printed. */
export interface Random {
  readonly seed: number;
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
}

/** @param seed without one, TEST_SEED of the environment, or a new one */
export function seededRandom(
  seed = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31)),
): Random {
  console.log(`TEST_SEED=${String(seed)}`);
  let state = seed;
  return {
    seed,
    below: (below) => {
      // mulberry32
      state = (state + 0x6d2b79f5) | 0;
      let bits = Math.imul(state ^ (state >>> 15), 1 | state);
      bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
      return ((bits ^ (bits >>> 14)) >>> 0) % below;
    },
  };
}
