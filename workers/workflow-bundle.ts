/** Bundles the workflow code into one file at build time, so that a process starts without the bundler. */
import { writeFile, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** The bundler logs only warnings and errors. */
const BUNDLER_LOG_LEVEL = 'WARN';

/** Loaded first: it also limits the stack traces of errors that later modules throw. */
const STACK_TRACES = path.resolve(__dirname, '../saga/workflow/stack-traces');

/** Entry of the workflow types that our workers run. */
const WORKFLOWS = path.resolve(__dirname, '../workflows');

/**
 * A worker loads the bundled modules once for all its workflows, because they have no state.
 *
 * @param workflowsPath entry of the workflow code
 * @param interceptors paths of interceptor modules to include
 * @throws Error naming an import that workflow code must not have
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
 * Builds the bundle of `workflows/` into `outFile`, atomically.
 *
 * @throws Error like {@link bundleWorkflows}
 */
export async function buildWorkflowBundle(outFile: string): Promise<void> {
  const { code } = await bundleWorkflows();
  await mkdir(path.dirname(outFile), { recursive: true });
  const draft = `${outFile}.${String(process.pid)}`;
  await writeFile(draft, code);
  await rename(draft, outFile);
}
