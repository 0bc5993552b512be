/** Replays histories against the workflow code as it is here: one after the other, in bounded memory. */
import type { HistoryAndWorkflowId } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { type Divergence, Explainer } from './divergence';
import { type History, versionOf, workflowTypeOf } from './saga-words';

export interface ReplayOptions {
  readonly workflowBundle: WorkflowBundleOption;
  /** Of the same code as the bundle, to explain a divergence; our own unless it is given. */
  readonly workflowsPath?: string;
  /** With the codec of the payloads, if there is one. */
  readonly dataConverter?: DataConverter | undefined;
}

export interface Replayed {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  /** Build id of the worker that had it last. */
  readonly version: string;
  /** Present when it did not replay. */
  readonly divergence?: Divergence;
}

/** @throws what the histories' source throws */
export async function* replay(
  { workflowBundle, workflowsPath, dataConverter }: ReplayOptions,
  histories: AsyncIterable<HistoryAndWorkflowId> | Iterable<HistoryAndWorkflowId>,
): AsyncGenerator<Replayed> {
  const explainer = new Explainer(workflowsPath, dataConverter);
  /** Read and not answered yet: one or two. */
  const underWay: HistoryAndWorkflowId[] = [];
  const noted = async function* (): AsyncGenerator<HistoryAndWorkflowId> {
    for await (const one of histories) {
      underWay.push(one);
      yield one;
    }
  };
  const results = Worker.runReplayHistories(
    { workflowBundle, ...(dataConverter && { dataConverter }) },
    noted(),
  );
  for await (const { workflowId, runId, error } of results) {
    const index = underWay.findIndex((one) => one.workflowId === workflowId);
    const [{ history } = {}] = underWay.splice(index, 1);
    const known: History = history ?? {};
    yield {
      workflowId,
      runId,
      type: workflowTypeOf(known),
      version: versionOf(known),
      ...(error && { divergence: await explainer.explain(workflowId, known, error) }),
    };
  }
}
