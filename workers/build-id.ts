/** The version of the workflow code: the same wherever the same code is built. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Twelve digits: short enough to read out, and no two builds of a project will ever share them. */
const DIGITS = 12;

/**
 * @param bundlePath of the built workflow bundle
 * @returns hexadecimal digits of the code's SHA-256, without its source map, which names the folder it was built in
 */
export function buildIdOf(bundlePath: string): string {
  const bundle = readFileSync(bundlePath, 'utf8');
  const map = bundle.lastIndexOf('//# sourceMappingURL=');
  const code = map < 0 ? bundle : bundle.slice(0, map);
  return createHash('sha256').update(code).digest('hex').slice(0, DIGITS);
}
