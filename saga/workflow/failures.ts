/** How a saga fails, and how it reads the failures of its steps. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { type GivingUp, STEP_RUNS_ELSEWHERE } from '../contract';

/** An operator gave up the step that the subject was waiting for; whether it has committed is unknown. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';

  constructor(readonly givingUp: GivingUp) {
    super(`${givingUp.step} was given up by ${givingUp.by}: ${givingUp.reason}`);
  }
}

/** Temporal's Cancel ended the wait for a step that has a deadline; whether it has committed is unknown. */
export class CancelRequested extends Error {
  override readonly name = 'CancelRequested';
}

/**
 * Fails one subject permanently: for what only a bug can bring about. Its neighbours end properly before the saga fails.
 *
 * @param type PascalCase
 * @example
 * if (parcel.outcome === 'conflict') throw sagaFailure('ParcelConflict', `${orderId} has a parcel with other content`);
 */
export function sagaFailure(type: string, message: string): ApplicationFailure {
  // Not `create`, which would be one of the two frames that a stack trace has here.
  return new ApplicationFailure(message, type, true);
}

/** How an attempt failed as a whole. */
export interface FailedAttempt {
  readonly kind: 'elsewhere' | 'permanent' | 'window-over' | 'away' | 'busy' | 'superseded';
  readonly reason: string;
}

/**
 * Reads why an attempt failed. A local activity fails with its own failure, a regular one wraps it.
 *
 * @throws the failure itself when it is none of Temporal's: a bug in workflow code
 */
export function readFailure(failure: unknown): FailedAttempt {
  if (!(failure instanceof TemporalFailure)) throw failure;
  const cause = failure instanceof ActivityFailure ? (failure.cause ?? failure) : failure;
  if (cause instanceof ApplicationFailure) {
    const { message: reason } = cause;
    if (cause.type === STEP_RUNS_ELSEWHERE) return { kind: 'elsewhere', reason };
    return { kind: cause.nonRetryable === true ? 'permanent' : 'away', reason };
  }
  if (cause instanceof TimeoutFailure) {
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
    return { kind: cause.timeoutType === 'SCHEDULE_TO_CLOSE' ? 'window-over' : 'away', reason };
  }
  return { kind: cause instanceof CancelledFailure ? 'superseded' : 'permanent', reason: cause.message };
}
