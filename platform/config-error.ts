/** @throws ConfigError when the variable is not set */
export function needed<T>(variable: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new ConfigError(`${variable}: is needed by the services that are run (SERVICES)`);
}

/** A variable has a value that cannot be used; the message names it and says why. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
