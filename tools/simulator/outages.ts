/** Planned outages: a database fails, hangs, or has locked rows. */
import type { StepName } from './model-steps';
import type { StepRequested } from './workflow-host';

export interface Outage {
  readonly steps: readonly StepName[];
  /** Every attempt fails at once; none is answered, until the outage is over; or another transaction locks rows. */
  readonly how: 'fails' | 'hangs' | 'locked';
  /** Milliseconds after the start. */
  readonly from: number;
  readonly until: number;
  /** Whose rows are locked; every order's by default. */
  readonly orderIds?: readonly string[];
}

/** What a statement meets. */
export type Condition =
  | { readonly kind: 'fails' }
  | { readonly kind: 'hangs'; readonly until: number }
  | { readonly kind: 'works'; readonly held: ReadonlySet<string> };

export function conditionOf(
  outages: readonly Outage[],
  { name, orderIds }: StepRequested,
  at: number,
): Condition {
  const now = outages.filter(({ steps, from, until }) => steps.includes(name) && from <= at && at < until);
  const hangs = now.filter(({ how }) => how === 'hangs');
  if (hangs.length > 0) return { kind: 'hangs', until: Math.max(...hangs.map(({ until }) => until)) };
  if (now.some(({ how }) => how === 'fails')) return { kind: 'fails' };
  return { kind: 'works', held: new Set(now.flatMap((locked) => locked.orderIds ?? orderIds)) };
}
