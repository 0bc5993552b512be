/** What a saga shows of its parked steps, and what an operator asks about them. */
import { type GiveUpStepRequest, PARKED_MEMO, type ParkedStep } from '../../saga/contract';
import * as orderSteps from '../../workflows/order-steps';
import type { Memo } from './workflow-host';

/** The activity of each step, by the step in words. */
export const ACTIVITIES = new Map(
  Object.values(orderSteps).map(({ activity, words }) => [words, activity] as const),
);

export function activityOf(words: string): string {
  return ACTIVITIES.get(words) ?? words;
}

export function shownIn(memo: Memo): readonly ParkedStep[] {
  const shown = memo[PARKED_MEMO];
  return areParkedSteps(shown) ? shown : [];
}

function areParkedSteps(shown: unknown): shown is readonly ParkedStep[] {
  return Array.isArray(shown);
}

export function isGivingUp(argument: unknown): argument is GiveUpStepRequest {
  return typeof argument === 'object' && argument !== null && 'by' in argument && 'reason' in argument;
}
