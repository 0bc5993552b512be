/** Builds the workflow bundle to where the product looks for it. */
import { buildWorkflowBundle } from '../workers/workflow-bundle';
import { BUNDLE_PATH } from '../workers/bundle-path';

buildWorkflowBundle(BUNDLE_PATH).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
