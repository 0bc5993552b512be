/** `--grace SECONDS`: how long a suspected violation has to settle. */

/**
 * @returns milliseconds; undefined when the option is absent
 * @throws Error when the value is not a number of seconds
 */
export function graceOf(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  const graceMs = Number(seconds) * 1_000;
  if (!(graceMs >= 0))
    throw new Error(`--grace ${seconds} is not a number of seconds: use for example --grace 5`);
  return graceMs;
}
