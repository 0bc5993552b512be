/**
 * Reports that a saga has ended or waits. This process's worker reports both; for a saga that another process runs, the
 * server reports the end.
 */
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { StartedSaga } from './start-options';

const { HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT: CLOSE_EVENT } = temporal.api.enums.v1.HistoryEventFilterType;

/** `waits`: all of its subjects that have not ended wait for locked rows; these subjects are named. */
export type SagaProgress =
  { readonly kind: 'ended' } | { readonly kind: 'waits'; readonly subjectIds: readonly string[] };

/** A wait for the progress of a saga. Its promises never settle when this process does not run the saga. */
export interface ExpectedProgress {
  readonly ended: Promise<void>;
  /** Resolves to the ids of the subjects that wait. */
  readonly waits: Promise<readonly string[]>;
  /** Ends the wait. Always call it when the progress no longer matters. */
  forget(): void;
}

export class SagaEnds {
  readonly #expected = new Map<string, Set<(progress: SagaProgress) => void>>();

  /** Call it before the start: an eager saga may end before the start call has returned. */
  expect(sagaId: string): ExpectedProgress {
    const listeners = this.#expected.get(sagaId) ?? new Set();
    this.#expected.set(sagaId, listeners);
    let reportEnd: () => void = () => undefined;
    let reportWait: (subjectIds: readonly string[]) => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      reportEnd = resolve;
    });
    const waits = new Promise<readonly string[]>((resolve) => {
      reportWait = resolve;
    });
    const listener = (progress: SagaProgress): void => {
      if (progress.kind === 'ended') reportEnd();
      else reportWait(progress.subjectIds);
    };
    listeners.add(listener);
    return {
      ended,
      waits,
      forget: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#expected.get(sagaId) === listeners) this.#expected.delete(sagaId);
      },
    };
  }

  publish(sagaId: string, progress: SagaProgress): void {
    for (const listener of this.#expected.get(sagaId) ?? []) listener(progress);
  }
}

/**
 * Waits for the end of a saga with a single long poll to the server. (`handle.result()` would poll until the saga ends,
 * and nothing can stop it.) Never settles when the poll fails or returns without the end: use a time limit.
 */
export function closedOnServer(
  client: Client,
  { workflowId, firstExecutionRunId }: StartedSaga,
): Promise<void> {
  const poll = client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId: firstExecutionRunId },
    historyEventFilterType: CLOSE_EVENT,
    waitNewEvent: true,
    skipArchival: true,
  });
  return new Promise((resolve) => {
    poll.then(
      ({ history }) => {
        if ((history?.events ?? []).length > 0) resolve();
      },
      // The caller's time limit ends the wait.
      () => undefined,
    );
  });
}
