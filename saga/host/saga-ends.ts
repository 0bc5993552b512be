/** Learns that a saga has ended: from this process's worker, and from the server for sagas that others run. */
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { StartedSaga } from './start-options';

const { HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT: CLOSE_EVENT } = temporal.api.enums.v1.HistoryEventFilterType;

export interface ExpectedEnd {
  readonly ended: Promise<void>;
  /** Call it in a `finally`. */
  forget(): void;
}

export class SagaEnds {
  readonly #expected = new Map<string, Set<() => void>>();

  /** Expect the end before the start: an eager saga may end before the start call has returned. */
  expect(sagaId: string): ExpectedEnd {
    const listeners = this.#expected.get(sagaId) ?? new Set();
    this.#expected.set(sagaId, listeners);
    let listener: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      listener = resolve;
      listeners.add(listener);
    });
    return {
      ended,
      forget: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#expected.get(sagaId) === listeners) this.#expected.delete(sagaId);
      },
    };
  }

  publish(sagaId: string): void {
    for (const listener of this.#expected.get(sagaId) ?? []) listener();
  }
}

/**
 * Asks the server once, by a long poll: `handle.result()` would ask again until the saga ends, and nothing can stop it.
 * Never settles when the answer is anything but the saga's end: the caller has a time limit of its own.
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
      // The place is given back when its time is over.
      () => undefined,
    );
  });
}
