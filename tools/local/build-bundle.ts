/** Builds the workflow bundle and checks that it contains only permitted modules. */
import { readFileSync } from 'node:fs';
import { options, runCommand } from '../../platform/command';
import { BUNDLE_PATH } from '../../workers/bundle-path';
import { buildWorkflowBundle } from '../../workers/workflow-bundle';
import { foreignModules } from './bundle-contents';
import { ROOT } from '../../platform/project-paths';

runCommand({
  usage: 'node dist/tools/local/build-bundle.js   builds dist/workflow-bundle.js, and checks what is in it',
  read: options({}),
  run: async () => {
    await buildWorkflowBundle(BUNDLE_PATH);
    const foreign = foreignModules(readFileSync(BUNDLE_PATH, 'utf8'), ROOT);
    if (foreign.length === 0) return 0;
    throw new Error(
      `The workflow bundle contains modules that workflow code must not import: ${foreign.join(', ')}. It may import ` +
        '@temporalio/workflow, @temporalio/common, and the names and types of domain/.',
    );
  },
});
