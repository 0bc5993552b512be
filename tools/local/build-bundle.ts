/** Builds the workflow bundle and checks that it contains only permitted modules. */
import { readFileSync } from 'node:fs';
import { BUNDLE_PATH } from '../../workers/bundle-path';
import { buildWorkflowBundles } from '../../workers/workflow-bundle';
import { foreignModules } from './bundle-contents';
import { ROOT } from '../../platform/project-paths';

async function main(): Promise<void> {
  const bundles = await buildWorkflowBundles(BUNDLE_PATH);
  const foreign = bundles.flatMap((file) => foreignModules(readFileSync(file, 'utf8'), ROOT));
  if (foreign.length === 0) return;
  throw new Error(
    `The workflow bundle contains modules that workflow code must not import: ${foreign.join(', ')}. It may import ` +
      '@temporalio/workflow, @temporalio/common, and the names and types of domain/.',
  );
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
