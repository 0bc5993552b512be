/** Builds the workflow bundle and checks that it contains only permitted modules. */
import { readFileSync } from 'node:fs';
import { options, runCommand } from '../../platform/command';
import { BUNDLE_PATH } from '../../workers/bundle-path';
import { buildWorkflowBundles } from '../../workers/workflow-bundle';
import { foreignModules } from './bundle-contents';
import { ROOT } from '../../platform/project-paths';

runCommand({
  usage:
    'node dist/tools/local/build-bundle.js   builds the workflow bundles in dist/, and checks what is in them',
  read: options({}),
  run: async () => {
    const bundles = await buildWorkflowBundles(BUNDLE_PATH);
    const foreign = bundles.flatMap((file) => foreignModules(readFileSync(file, 'utf8'), ROOT));
    if (foreign.length === 0) return 0;
    throw new Error(
      `The workflow bundle contains modules that workflow code must not import: ${foreign.join(', ')}. It may import ` +
        '@temporalio/workflow, @temporalio/common, and the names and types of domain/.',
    );
  },
});
