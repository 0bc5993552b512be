/** Failures of an attempt as a whole. */
import {
  ActivityFailure,
  ApplicationFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { STEP_RUNS_ELSEWHERE } from '../../saga/contract';
import type { StepRequested } from './workflow-host';

/** The connection is lost; whether the step has committed is unknown. */
export function connectionLost({ name }: StepRequested): Error {
  return ApplicationFailure.create({ type: 'DatabaseAway', message: `${name}: its database is unavailable` });
}

/** The worker has no database of the other service. */
export function runsElsewhere({ name }: StepRequested): Error {
  return ApplicationFailure.create({ type: STEP_RUNS_ELSEWHERE, message: `${name} runs elsewhere` });
}

/** A retry cannot succeed. */
export function refusedPermanently(step: StepRequested): Error {
  const message = `${step.name}: its database answered 42501`;
  const failure = ApplicationFailure.create({ type: 'StatementRefused', message, nonRetryable: true });
  return step.remote ? wrapped(step, RetryState.NON_RETRYABLE_FAILURE, failure) : failure;
}

/** The timeout of one local attempt, or of all attempts of a remote step. */
export function tooLate(step: StepRequested): Error {
  const type = step.remote ? TimeoutType.SCHEDULE_TO_CLOSE : TimeoutType.START_TO_CLOSE;
  const timeout = new TimeoutFailure(`${step.name}: no answer in time`, undefined, type);
  return step.remote ? wrapped(step, RetryState.TIMEOUT, timeout) : timeout;
}

/** The last failure of a remote step when the server has no time left for another attempt. */
export function noTimeLeft(step: StepRequested, last: Error): Error {
  return last instanceof ActivityFailure ? last : wrapped(step, RetryState.TIMEOUT, last);
}

function wrapped({ name, sagaId }: StepRequested, state: RetryState, cause: Error): Error {
  return new ActivityFailure('Activity task failed', name, sagaId, state, undefined, cause);
}

/** Whether the server has no time for another attempt. */
export function isOutOfTime(failure: Error): boolean {
  return failure instanceof ActivityFailure && failure.retryState === RetryState.TIMEOUT;
}

/** Whether a retry cannot succeed. */
export function isPermanent(failure: Error): boolean {
  const cause = failure.cause ?? failure;
  return typeof cause === 'object' && 'nonRetryable' in cause && cause.nonRetryable === true;
}
