/** Path of the built workflow bundle. This file runs as dist/workers/bundle-path.js, or from the sources in tests. */
import path from 'node:path';

const above = path.resolve(__dirname, '..');

export const BUNDLE_PATH = path.join(
  path.basename(above) === 'dist' ? above : path.join(above, 'dist'),
  'workflow-bundle.js',
);
