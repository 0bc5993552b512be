/** The answer of an audit, for a person. */
import type { AuditReport } from './audit';
import { type Finding, type Invariant, INVARIANTS } from './invariants';

/** Named of each invariant; all of them are in the JSON. */
const NAMED = 10;

const REPAIR = 'npm run repair says what it would start again; npm run repair -- --apply does';
const PAST_THE_STEPS =
  'no step of a saga can bring this about: look who wrote to the database past the services, or restored it';

/** For each invariant what to do about a violation. */
const WHAT_TO_DO: Readonly<Record<Invariant, string>> = {
  credit: PAST_THE_STEPS,
  terminal: REPAIR,
  reservation: REPAIR,
  identity: PAST_THE_STEPS,
  outbox: PAST_THE_STEPS,
  saga: `${REPAIR}. A saga that runs with nothing left to do waits for a worker: is one polling task queue order? If so, the Temporal UI says why its task fails`,
  view: `${REPAIR}. npm run rebuild-view builds it anew from what it has received`,
};

export function inWords({ invariants, violations, needsAttention }: AuditReport, withView: boolean): string {
  const names = keysOf(INVARIANTS).filter((name) => withView || name !== 'view');
  const width = Math.max(...names.map((name) => INVARIANTS[name].length));
  const lines = [`${''.padEnd(width)}   checked in flight  violated`];
  for (const name of names) {
    const { checked, inFlight, violated } = invariants[name];
    lines.push(
      `${INVARIANTS[name].padEnd(width)} ${column(checked, 9)} ${column(inFlight, 9)} ${column(violated, 9)}`,
    );
  }
  if (!withView) lines.push('the order history was not looked at: set ORDER_HISTORY_DATABASE_URL');
  for (const name of names) lines.push(...sectionOf(name, violations));
  if (needsAttention.length > 0) lines.push('', 'In flight, with a step that keeps failing:');
  for (const { sagaId, needsAttention: steps } of needsAttention.slice(0, NAMED))
    lines.push(`  ${sagaId}: ${steps.join(', ')}`);
  return lines.join('\n');
}

function sectionOf(name: Invariant, violations: readonly Finding[]): string[] {
  const all = violations.filter(({ invariant }) => invariant === name);
  if (all.length === 0) return [];
  return [
    '',
    `Violated: ${INVARIANTS[name]}`,
    ...all.slice(0, NAMED).map(({ subject, words }) => `  ${subject}: ${words}`),
    ...(all.length > NAMED ? [`  and ${String(all.length - NAMED)} more: --json`] : []),
    `  What to do: ${WHAT_TO_DO[name]}.`,
  ];
}

function keysOf(invariants: Readonly<Record<Invariant, string>>): Invariant[] {
  const isInvariant = (name: string): name is Invariant => name in invariants;
  return Object.keys(invariants).filter(isInvariant);
}

function column(count: number, width: number): string {
  return count.toLocaleString('en').padStart(width);
}
