/** The workflow code as one file, built ahead so that a start does not wait for a bundler. */
import { writeFile, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** The bundler says nothing unless it has something to complain about. */
const BUNDLER_LOG_LEVEL = 'WARN';

/**
 * Builds the bundle of `workflows/` into `outFile`, complete or not at all.
 *
 * @throws Error when workflow code imports what a workflow may not (the message names it)
 */
export async function buildWorkflowBundle(outFile: string): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.resolve(__dirname, '../workflows'),
    logger: new DefaultLogger(BUNDLER_LOG_LEVEL),
  });
  await mkdir(path.dirname(outFile), { recursive: true });
  const draft = `${outFile}.${String(process.pid)}`;
  await writeFile(draft, code);
  await rename(draft, outFile);
}
