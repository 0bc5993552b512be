/** Builds the workflow bundle to where the product looks for it. */
import { buildWorkflowBundle } from '../workers/workflow-bundle';
import { BUNDLE_PATH } from './paths';

buildWorkflowBundle(BUNDLE_PATH).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
