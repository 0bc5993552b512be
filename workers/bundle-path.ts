/** Where the built workflow bundle is. */
import path from 'node:path';
import { DIST } from '../platform/project-paths';

export const BUNDLE_PATH = path.join(DIST, 'workflow-bundle.js');
