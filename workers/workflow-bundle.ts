/** Bundles the workflow code into one file at build time, so that a process starts without the bundler. */
import { writeFile, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { ENCODED_FAILURES } from '../platform/payload-codec';
import { encodedFailuresBundle } from './bundle-path';

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
 * @param failureConverterPath default: the SDK's, which leaves messages in clear
 * @throws Error naming an import that workflow code must not have
 */
export function bundleWorkflows(
  workflowsPath = WORKFLOWS,
  interceptors: string[] = [],
  failureConverterPath?: string,
): Promise<{ readonly code: string }> {
  return bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: interceptors,
    preloadModules: [STACK_TRACES, workflowsPath],
    ...(failureConverterPath !== undefined && { failureConverterPath }),
    logger: new DefaultLogger(BUNDLER_LOG_LEVEL),
  });
}

/**
 * Builds the bundles of `workflows/`, each atomically: `outFile`, and beside it the one that encodes failures. The SDK
 * chooses the failure converter of workflow code when it bundles the code.
 *
 * @returns their paths
 * @throws Error like {@link bundleWorkflows}
 */
export async function buildWorkflowBundles(outFile: string): Promise<string[]> {
  await mkdir(path.dirname(outFile), { recursive: true });
  return Promise.all([
    write(outFile, bundleWorkflows()),
    write(encodedFailuresBundle(outFile), bundleWorkflows(WORKFLOWS, [], ENCODED_FAILURES)),
  ]);
}

async function write(file: string, bundle: Promise<{ readonly code: string }>): Promise<string> {
  const draft = `${file}.${String(process.pid)}`;
  await writeFile(draft, (await bundle).code);
  await rename(draft, file);
  return file;
}
