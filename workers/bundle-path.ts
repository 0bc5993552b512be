/** Where the built workflow bundles are. */
import path from 'node:path';
import { DIST } from '../platform/project-paths';

export const BUNDLE_PATH = path.join(DIST, 'workflow-bundle.js');

/** Path of the bundle of the same workflow code that encodes failures. */
export function encodedFailuresBundle(bundlePath: string): string {
  return bundlePath.replace(/\.js$/, '-with-encoded-failures.js');
}
