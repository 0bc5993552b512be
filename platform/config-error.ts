/** @throws ConfigError when the variable is not set */
export function requireSetting<T>(variable: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new ConfigError(`${variable}: the services in SERVICES require it; set it`);
}

/** The value of a variable is invalid; the message names the variable and the reason. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
