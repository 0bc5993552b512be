/** Where the built workflow bundle is; this file runs as dist/workers/bundle-path.js, or as a source in tests. */
import path from 'node:path';

const above = path.resolve(__dirname, '..');

export const BUNDLE_PATH = path.join(
  path.basename(above) === 'dist' ? above : path.join(above, 'dist'),
  'workflow-bundle.js',
);
