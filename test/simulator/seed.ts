/** @returns TEST_SEED of the environment, or a new seed; printed, so that a run can be repeated */
export function testSeed(): number {
  const seed = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`TEST_SEED=${String(seed)}`);
  return seed;
}
