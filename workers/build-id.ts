/** The build id of the workflow code: equal for builds of equal code. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The version of the workflow code that a process runs. */
export interface WorkflowVersion {
  readonly buildId: string;
  /** Name of the deployment; set when the workers are versioned. */
  readonly deployment?: string;
}

/** Twelve digits: short enough to read out, long enough that no two builds of a project collide. */
const DIGITS = 12;

/**
 * @param bundlePath path of the built workflow bundle
 * @returns hexadecimal digits of the SHA-256 of the code without its source map, which contains the path of the build folder
 */
export function buildIdOf(bundlePath: string): string {
  const bundle = readFileSync(bundlePath, 'utf8');
  const map = bundle.lastIndexOf('//# sourceMappingURL=');
  const code = map < 0 ? bundle : bundle.slice(0, map);
  return createHash('sha256').update(code).digest('hex').slice(0, DIGITS);
}
