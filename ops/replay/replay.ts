/** Replays histories against the workflow code as it is here: one after the other, in bounded memory. */
import type { HistoryAndWorkflowId } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { Divergence } from './divergence';
import { Explainer } from './divergence-explainer';
import { type History, versionOf, workflowTypeOf } from './recorded-steps';
import { whyUnreplayable } from './unreplayable';

export interface ReplayOptions {
  readonly workflowBundle: WorkflowBundleOption;
  /** The same code with the command recorder, to explain a divergence; our own unless it is given. */
  readonly recording?: { readonly code: string };
  /** With the codec of the payloads, if there is one. */
  readonly dataConverter?: DataConverter | undefined;
}

export interface Replayed {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  /** Of the worker that had it last. */
  readonly version: string;
  /** Present when it did not replay. */
  readonly divergence?: Divergence;
  /** Present when it was not replayed: why, and what to do. */
  readonly undecided?: string;
}

/** @throws what the histories' source throws */
export async function* replay(
  { workflowBundle, recording, dataConverter }: ReplayOptions,
  histories: AsyncIterable<HistoryAndWorkflowId> | Iterable<HistoryAndWorkflowId>,
): AsyncGenerator<Replayed> {
  const explainer = new Explainer(recording, dataConverter);
  const undecided: Replayed[] = [];
  /** The engine takes the next one when it has answered this one. */
  let current: HistoryAndWorkflowId | undefined;
  const decidable = async function* (): AsyncGenerator<HistoryAndWorkflowId> {
    for await (const one of histories) {
      const reason = whyUnreplayable(one.history as History, dataConverter);
      if (reason === undefined) yield (current = one);
      else undecided.push({ ...told(one), undecided: reason });
    }
  };
  try {
    const results = Worker.runReplayHistories(
      { workflowBundle, ...(dataConverter && { dataConverter }) },
      decidable(),
    );
    for await (const { runId, error } of results) {
      yield* undecided.splice(0);
      if (!current) throw new TypeError('an answer without a history');
      yield {
        ...told(current),
        runId,
        ...(error && { divergence: await explainer.explain(current, error) }),
      };
    }
    yield* undecided;
  } finally {
    await explainer.close();
  }
}

function told({ workflowId, history }: HistoryAndWorkflowId): Omit<Replayed, 'divergence' | 'undecided'> {
  const known = history as History;
  const runId = known.events?.[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';
  return { workflowId, runId, type: workflowTypeOf(known), version: versionOf(known) };
}
