/** Where the checkout is; this file runs as dist/dev/paths.js, or as dev/paths.ts in tests. */
import path from 'node:path';

const above = path.resolve(__dirname, '..');

export const ROOT = path.basename(above) === 'dist' ? path.dirname(above) : above;
