/** How a saga fails, and how it reads the failures of its steps. */
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import { STEP_RUNS_ELSEWHERE } from '../domain/names';
import type { CancellationReason } from '../domain/order';
import { CancellationRequested } from './cancellation';

/** A step had no answer in the time it may take: its row stayed locked, or its service away. */
export class StepTimeout extends Error {
  override readonly name = 'StepTimeout';
}

/** The worker that was asked has no database for this step: it was started in the other placement. */
export function runsElsewhere(failure: unknown): boolean {
  return failure instanceof ApplicationFailure && failure.type === STEP_RUNS_ELSEWHERE;
}

/** Failure types of a saga; each is non-retryable and means a bug, or an operator's decision. */
type SagaFailureType =
  'OrderInWrongState' | 'ReservationConflict' | 'CompensationFailed' | 'SagaGivenUp' | 'SagaFailed';

export function sagaFailure(type: SagaFailureType, message: string, cause?: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: true,
    ...(cause instanceof Error && { cause }),
  });
}

type RefusalType = 'OrderNotInSaga' | 'OrderDecided' | 'NothingParked' | 'BadRequest';

/** An update that the saga does not accept; it leaves no trace in the history. */
export function refusedUpdate(type: RefusalType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true });
}

/** No answer to a reservation: whether it committed is unknown, so it has to be compensated. */
type UnknownOutcome =
  | { readonly outcome: 'unknown'; readonly reason: CancellationReason }
  | { readonly outcome: 'bug'; readonly failure: TemporalFailure };

/**
 * Reads why a reservation gave no answer: the order was cancelled, the Customer Service stayed away too
 * long, or a bug.
 *
 * @throws the failure itself when it is none of a step's: a bug in workflow code
 */
export function outcomeUnknown(failure: unknown): UnknownOutcome {
  if (failure instanceof CancellationRequested) return { outcome: 'unknown', reason: 'CUSTOMER_REQUEST' };
  if (failure instanceof StepTimeout) return { outcome: 'unknown', reason: 'CREDIT_CHECK_TIMEOUT' };
  if (failure instanceof TemporalFailure) return { outcome: 'bug', failure };
  throw failure;
}

/**
 * Ends the group: fails the saga when any of its orders failed, after all of them have come to an end.
 *
 * @throws ApplicationFailure `SagaFailed`, naming each failed order; the first one's failure is its cause
 * @throws the error itself when it is not a Temporal failure: a bug in workflow code, which fails the
 *   workflow task, so that the saga waits for mended code instead of being lost
 */
export function throwIfAnyFailed(
  outcomes: readonly PromiseSettledResult<unknown>[],
  orderIds: readonly string[],
): void {
  const failed = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected'
      ? [{ orderId: orderIds[index] ?? '?', reason: outcome.reason as unknown }]
      : [],
  );
  const [first] = failed;
  if (!first) return;
  const bug = failed.find(({ reason }) => !(reason instanceof TemporalFailure));
  if (bug) throw bug.reason;
  const stories = failed.map(
    ({ orderId, reason }) => `${orderId}: ${reason instanceof Error ? reason.message : String(reason)}`,
  );
  throw sagaFailure(
    'SagaFailed',
    `${String(failed.length)} of ${String(outcomes.length)} orders failed: ${stories.join('; ')}`,
    first.reason,
  );
}
