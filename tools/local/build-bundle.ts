/** Builds the workflow bundle to where the product looks for it, and makes sure of what is in it. */
import { readFileSync } from 'node:fs';
import { BUNDLE_PATH } from '../../workers/bundle-path';
import { buildWorkflowBundle } from '../../workers/workflow-bundle';
import { foreignModules } from './bundle-contents';
import { ROOT } from '../../platform/project-paths';

async function main(): Promise<void> {
  await buildWorkflowBundle(BUNDLE_PATH);
  const foreign = foreignModules(readFileSync(BUNDLE_PATH, 'utf8'), ROOT);
  if (foreign.length === 0) return;
  throw new Error(
    `Workflow code brings into its bundle what has no business there: ${foreign.join(', ')}. It may import ` +
      '@temporalio/workflow, @temporalio/common, and the names and types of domain/.',
  );
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
