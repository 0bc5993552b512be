/** Where the project and its compiled code are. This file runs as dist/platform/project-paths.js, or from source in tests. */
import path from 'node:path';

const parent = path.resolve(__dirname, '..');

/** The project's folder. In a build outside `dist`: the folder of that build. */
export const ROOT = path.basename(parent) === 'dist' ? path.dirname(parent) : parent;

export const DIST = path.join(ROOT, 'dist');
