/** Secrets as files: `NAME_FILE` is the path of a file with the value of `NAME`, as secrets are mounted into containers. */
import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error';

/** The variables that have a secret in their value. */
export const SECRET_NAMES: readonly string[] = [
  'ORDER_DATABASE_URL',
  'ORDER_DATABASE_OWNER_URL',
  'CUSTOMER_DATABASE_URL',
  'CUSTOMER_DATABASE_OWNER_URL',
  'ORDER_HISTORY_DATABASE_URL',
  'ORDER_HISTORY_DATABASE_OWNER_URL',
  'DATABASE_ADMIN_URL',
  'PAYLOAD_ENCRYPTION_KEYS',
  'SERVICE_TOKENS',
  'ACCESS_TOKEN',
  'TEMPORAL_API_KEY',
];

/** @returns the variable with the path of the file */
export function fileVariable(name: string): string {
  return `${name}_FILE`;
}

/**
 * @param env variables that have a value
 * @returns the same, and the secrets from their files
 * @throws ConfigError when a file cannot be read or is empty, or a secret is set twice
 */
export function withSecretFiles(env: Readonly<Record<string, string>>): Record<string, string> {
  const secrets = SECRET_NAMES.flatMap((name) => {
    const file = env[fileVariable(name)];
    if (file === undefined) return [];
    if (env[name] !== undefined)
      throw new ConfigError(`${name} and ${fileVariable(name)} exclude each other: set one`);
    return [[name, contentOf(fileVariable(name), file)] as const];
  });
  return { ...env, ...Object.fromEntries(secrets) };
}

/** Without the newline that editors and `echo` add. */
function contentOf(variable: string, file: string): string {
  let content: string;
  try {
    content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new ConfigError(
      `${variable}: ${file} cannot be read (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  if (content === '') throw new ConfigError(`${variable}: ${file} is empty`);
  return content;
}
