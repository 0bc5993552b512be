/** The workflow code as one file, built ahead so that a start does not wait for a bundler. */
import { writeFile, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** The bundler says nothing unless it has something to complain about. */
const BUNDLER_LOG_LEVEL = 'WARN';

/** Before everything else: it limits what the modules after it throw, too. */
const STACK_TRACES = path.resolve(__dirname, '../saga/workflow/stack-traces');

/** Of the workflow types that our workers run. */
const WORKFLOWS = path.resolve(__dirname, '../workflows');

/**
 * The workflows' modules are loaded once for all workflows of a worker: they keep no state of their own.
 *
 * @param workflowsPath the code's entry
 * @param interceptors paths of modules that are bundled with it
 * @throws Error when workflow code imports what a workflow may not (the message names it)
 */
export function bundleWorkflows(
  workflowsPath = WORKFLOWS,
  interceptors: string[] = [],
): Promise<{ readonly code: string }> {
  return bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: interceptors,
    preloadModules: [STACK_TRACES, workflowsPath],
    logger: new DefaultLogger(BUNDLER_LOG_LEVEL),
  });
}

/**
 * Builds the bundle of `workflows/` into `outFile`, complete or not at all.
 *
 * @throws Error as {@link bundleWorkflows}
 */
export async function buildWorkflowBundle(outFile: string): Promise<void> {
  const { code } = await bundleWorkflows();
  await mkdir(path.dirname(outFile), { recursive: true });
  const draft = `${outFile}.${String(process.pid)}`;
  await writeFile(draft, code);
  await rename(draft, outFile);
}
