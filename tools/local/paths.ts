/** Where the checkout is; this file runs as dist/tools/local/paths.js, or as tools/local/paths.ts in tests. */
import path from 'node:path';

const above = path.resolve(__dirname, '../..');

export const ROOT = path.basename(above) === 'dist' ? path.dirname(above) : above;
