/** Classifies a failed statement of a step: an infrastructure failure, a failure of one order, or a bug. */
import { ApplicationFailure } from '@temporalio/common';
import { sqlState } from '../prisma/sql-state';

const LOCKED = new Set(['55P03', '57014', '40P01', '40001']);
const INTEGRITY_CLASS = '23';
const BUG_CLASSES = new Set(['22', '42']);

/** Recorded in histories. */
const TYPES = {
  locked: 'RowLocked',
  integrity: 'ConstraintViolated',
  bug: 'StatementRefused',
  unavailable: 'DatabaseAway',
} as const;

/**
 * - `locked`: another transaction holds a row (lock or statement timeout, deadlock, serialization failure)
 * - `integrity`: a row violates a constraint
 * - `bug`: the statement is wrong (syntax, undefined table, permission, invalid value)
 * - `unavailable`: everything else: the database is unreachable, restarting or full
 */
type StatementFailure = 'locked' | 'integrity' | 'bug' | 'unavailable';

export function classifyFailure(error: unknown): StatementFailure {
  const state = sqlState(error);
  if (state === undefined) return 'unavailable';
  if (LOCKED.has(state)) return 'locked';
  if (state.startsWith(INTEGRITY_CLASS)) return 'integrity';
  return BUG_CLASSES.has(state.slice(0, 2)) ? 'bug' : 'unavailable';
}

/** Returns the error that the step throws. A constraint violation and a bug are not retryable. */
export function stepFailure(step: string, error: unknown): ApplicationFailure {
  const failure = classifyFailure(error);
  const state = sqlState(error) ?? 'without a SQLSTATE';
  return ApplicationFailure.create({
    type: TYPES[failure],
    message: `${step}: ${failure === 'unavailable' ? 'its database is unavailable' : `its database answered ${state}`}`,
    nonRetryable: failure === 'integrity' || failure === 'bug',
    ...(error instanceof Error && { cause: error }),
  });
}
