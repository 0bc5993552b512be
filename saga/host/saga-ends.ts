/** Learns that a saga has ended, or waits: from this process's worker, and its end from the server for sagas that others run. */
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { StartedSaga } from './start-options';

const { HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT: CLOSE_EVENT } = temporal.api.enums.v1.HistoryEventFilterType;

/** `waits`: those of its subjects that have not ended wait for locked rows. */
export type SagaProgress = 'ended' | 'waits';

export interface ExpectedEnd {
  readonly progressed: Promise<SagaProgress>;
  /** Call it in a `finally`. */
  forget(): void;
}

export class SagaEnds {
  readonly #expected = new Map<string, Set<(progress: SagaProgress) => void>>();

  /** Expect the end before the start: an eager saga may end before the start call has returned. */
  expect(sagaId: string): ExpectedEnd {
    const listeners = this.#expected.get(sagaId) ?? new Set();
    this.#expected.set(sagaId, listeners);
    let listener: (progress: SagaProgress) => void = () => undefined;
    const progressed = new Promise<SagaProgress>((resolve) => {
      listener = resolve;
      listeners.add(listener);
    });
    return {
      progressed,
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
 * Asks the server once, by a long poll: `handle.result()` would ask again until the saga ends, and nothing can stop it.
 * Never settles when the answer is anything but the saga's end: the caller has a time limit of its own.
 */
export function closedOnServer(
  client: Client,
  { workflowId, firstExecutionRunId }: StartedSaga,
): Promise<SagaProgress> {
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
        if ((history?.events ?? []).length > 0) resolve('ended');
      },
      // The place is given back when its time is over.
      () => undefined,
    );
  });
}
