/** What a failed statement means for a step: infrastructure, one order's trouble, or a bug. */
import { ApplicationFailure } from '@temporalio/common';
import { sqlState } from '../prisma/sql-state';

const LOCKED = new Set(['55P03', '57014', '40P01', '40001']);
const INTEGRITY_CLASS = '23';
const BUG_CLASSES = new Set(['22', '42']);

/**
 * - `locked`: somebody else holds a row (lock or statement timeout, deadlock, serialization failure)
 * - `integrity`: a constraint refused a row
 * - `bug`: the statement itself is wrong (syntax, undefined table, permission, bad value)
 * - `away`: everything else: the database is unreachable, restarting, full
 */
export type StatementTrouble = 'locked' | 'integrity' | 'bug' | 'away';

export function statementTrouble(error: unknown): StatementTrouble {
  const state = sqlState(error);
  if (state === undefined) return 'away';
  if (LOCKED.has(state)) return 'locked';
  if (state.startsWith(INTEGRITY_CLASS)) return 'integrity';
  return BUG_CLASSES.has(state.slice(0, 2)) ? 'bug' : 'away';
}

/** What the step throws: retryable when the database is away, otherwise final and named. */
export function stepFailure(step: string, error: unknown): ApplicationFailure {
  const trouble = statementTrouble(error);
  const final = trouble === 'integrity' || trouble === 'bug';
  const types = {
    locked: 'RowLocked',
    integrity: 'ConstraintViolated',
    bug: 'StatementRefused',
    away: 'DatabaseAway',
  };
  return ApplicationFailure.create({
    type: types[trouble],
    message: `${step}: ${trouble === 'away' ? 'its database is away' : `its database answered ${sqlState(error) ?? 'nothing'}`}`,
    nonRetryable: final,
    ...(error instanceof Error && { cause: error }),
  });
}
