/** Replays histories against workflow code, as a worker would that takes a saga over. */
import { type HistoryAndWorkflowId } from '@temporalio/client';
import { type ReplayResult, Worker } from '@temporalio/worker';

/** @param bundlePath of the workflow code */
export async function replay(
  bundlePath: string,
  histories: Iterable<HistoryAndWorkflowId>,
): Promise<ReplayResult[]> {
  const results: ReplayResult[] = [];
  for await (const result of Worker.runReplayHistories(
    { workflowBundle: { codePath: bundlePath } },
    histories,
  )) {
    results.push(result);
  }
  return results;
}
