/** `--grace SECONDS`: how long what looks wrong has to come right. */

/**
 * @returns milliseconds; undefined where nothing is said
 * @throws Error when it is not a number of seconds
 */
export function graceOf(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  const graceMs = Number(seconds) * 1_000;
  if (!(graceMs >= 0)) throw new Error(`--grace ${seconds} is not a number of seconds`);
  return graceMs;
}
