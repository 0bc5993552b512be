/** Secrets that a start makes once for its DATA_DIR. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** 256 random bits in base64url. */
const BYTES = 32;

export function keptSecret(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(BYTES).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}
