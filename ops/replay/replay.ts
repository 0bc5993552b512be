/** Replays histories against the current workflow code, sequentially and in bounded memory. */
import type { HistoryAndWorkflowId } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { Divergence } from './divergence';
import { Explainer } from './divergence-explainer';
import { type History, versionOf, workflowTypeOf } from './recorded-steps';
import { whyUnreplayable } from './unreplayable';

export interface ReplayOptions {
  readonly workflowBundle: WorkflowBundleOption;
  /** The same code with the command recorder, to explain divergences; default: our workflows. */
  readonly recording?: { readonly code: string };
  /** Includes the payload codec, if any. */
  readonly dataConverter?: DataConverter | undefined;
}

export interface Replayed {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  /** Version of the worker that completed the last workflow task. */
  readonly version: string;
  /** Set when the history diverged. */
  readonly divergence?: Divergence;
  /** Set when the history could not be replayed: the reason, and what to do. */
  readonly undecided?: string;
}

/** @throws the errors of `histories` */
export async function* replay(
  { workflowBundle, recording, dataConverter }: ReplayOptions,
  histories: AsyncIterable<HistoryAndWorkflowId> | Iterable<HistoryAndWorkflowId>,
): AsyncGenerator<Replayed> {
  const explainer = new Explainer(recording, dataConverter);
  const undecided: Replayed[] = [];
  /** The worker takes the next history after it has reported the result of this one. */
  let current: HistoryAndWorkflowId | undefined;
  const decidable = async function* (): AsyncGenerator<HistoryAndWorkflowId> {
    for await (const one of histories) {
      const reason = await whyUnreplayable(one.history as History, dataConverter);
      if (reason === undefined) yield (current = one);
      else undecided.push({ ...describe(one), undecided: reason });
    }
  };
  try {
    const results = Worker.runReplayHistories(
      { workflowBundle, ...(dataConverter && { dataConverter }) },
      decidable(),
    );
    for await (const { runId, error } of results) {
      yield* undecided.splice(0);
      if (!current) throw new TypeError('the worker reported a result without a history');
      yield {
        ...describe(current),
        runId,
        ...(error && { divergence: await explainer.explain(current, error) }),
      };
    }
    yield* undecided;
  } finally {
    await explainer.close();
  }
}

function describe({ workflowId, history }: HistoryAndWorkflowId): Omit<Replayed, 'divergence' | 'undecided'> {
  const known = history as History;
  const runId = known.events?.[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';
  return { workflowId, runId, type: workflowTypeOf(known), version: versionOf(known) };
}
