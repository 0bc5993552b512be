/** How a run of a saga has ended. */
import type { PayloadReader } from './payload-reader';
import { resultSchema, type SagaFact } from './saga-facts';
import type { HistoryEvent } from './saga-runs';

/** @returns undefined when the event does not end the saga */
export async function endFact(
  event: HistoryEvent,
  when: { readonly at: number; readonly seq: number },
  reader: PayloadReader,
): Promise<SagaFact | undefined> {
  const completed = event.workflowExecutionCompletedEventAttributes;
  if (completed) {
    const outcomes = resultSchema.safeParse(await reader.first(completed.result)).data?.outcomes;
    return { ...when, kind: 'ended', status: 'COMPLETED', outcomes };
  }
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed)
    return { ...when, kind: 'ended', status: 'FAILED', failure: await reader.failure(failed.failure) };
  const terminated = event.workflowExecutionTerminatedEventAttributes;
  if (terminated)
    return { ...when, kind: 'ended', status: 'TERMINATED', failure: terminated.reason ?? undefined };
  if (event.workflowExecutionTimedOutEventAttributes) return { ...when, kind: 'ended', status: 'TIMED_OUT' };
  if (event.workflowExecutionCanceledEventAttributes) return { ...when, kind: 'ended', status: 'CANCELLED' };
  return undefined;
}
