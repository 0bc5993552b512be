/** How a saga fails, and how it classifies failures of its steps. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { type GivingUp, STEP_RUNS_ELSEWHERE } from '../contract';

/** An operator gave up the step that the subject waited for. Whether the step has committed is unknown. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';

  constructor(readonly givingUp: GivingUp) {
    super(`${givingUp.step} was given up by ${givingUp.by}: ${givingUp.reason}`);
  }
}

/** Temporal's Cancel ended the wait for a step with a deadline. Whether the step has committed is unknown. */
export class CancelRequested extends Error {
  override readonly name = 'CancelRequested';
}

/**
 * A permanent failure of one subject. Throw it for what only a bug can cause. The other subjects of the workflow end
 * properly before the saga fails.
 *
 * @param type failure type, PascalCase
 * @param message shown in the Temporal UI: no personal data
 * @returns a non-retryable failure, to throw from the saga's function
 * @example
 * if (parcel.outcome === 'conflict') throw sagaFailure('ParcelConflict', `${orderId} has a parcel with other content`);
 */
export function sagaFailure(type: string, message: string): ApplicationFailure {
  // Not `create`: it would take one of the two frames of the stack trace.
  return new ApplicationFailure(message, type, true);
}

/** Why an attempt left a subject without an answer. */
export interface FailedAttempt {
  /**
   * `elsewhere`: the process cannot run the step. `permanent`: it failed with a non-retryable failure. `window-over`: the
   * server has retried it for the time given, or has no time left for another retry. `away`: any other failure, which a
   * retry may fix. `busy`: a row is locked. `superseded`: another attempt replaced it.
   */
  readonly kind: 'elsewhere' | 'permanent' | 'window-over' | 'away' | 'busy' | 'superseded';
  readonly reason: string;
}

/**
 * Classifies the failure of an attempt. A local activity fails with its own failure; a regular activity wraps it.
 *
 * @throws the failure itself when it is not Temporal's: a bug in workflow code
 */
export function readFailure(failure: unknown): FailedAttempt {
  if (!(failure instanceof TemporalFailure)) throw failure;
  const cause = failure instanceof ActivityFailure ? (failure.cause ?? failure) : failure;
  const isWindowOver = failure instanceof ActivityFailure && failure.retryState === RetryState.TIMEOUT;
  if (cause instanceof ApplicationFailure) {
    const { message: reason } = cause;
    if (cause.type === STEP_RUNS_ELSEWHERE) return { kind: 'elsewhere', reason };
    if (isWindowOver) return { kind: 'window-over', reason };
    return { kind: cause.nonRetryable === true ? 'permanent' : 'away', reason };
  }
  if (cause instanceof TimeoutFailure) {
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
    const isOver = isWindowOver || cause.timeoutType === 'SCHEDULE_TO_CLOSE';
    return { kind: isOver ? 'window-over' : 'away', reason };
  }
  return { kind: cause instanceof CancelledFailure ? 'superseded' : 'permanent', reason: cause.message };
}
