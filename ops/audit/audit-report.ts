/** Formats the report of an audit as text. */
import type { AuditReport } from './audit';
import { type Finding, type Invariant, INVARIANTS } from './invariants';

/** Violations listed for each invariant; the JSON has all of them. */
const LISTED = 10;

const REPAIR = 'npm run repair lists the sagas to start again; npm run repair -- --apply starts them';
const NOT_BY_A_SAGA =
  'no step of a saga can cause this: find out what wrote to the database directly, or restored it';

/** Instructions for a violation of each invariant. */
const REMEDIES: Readonly<Record<Invariant, string>> = {
  credit: NOT_BY_A_SAGA,
  terminal: REPAIR,
  reservation: REPAIR,
  identity: NOT_BY_A_SAGA,
  outbox: NOT_BY_A_SAGA,
  saga: `${REPAIR}. A saga that makes no progress, or runs with nothing left to do, needs a worker that polls task queue order and has its steps, or other workflow code: the Temporal UI shows why its task fails, npm run replay -- --query "WorkflowId = '…'" where the code diverges`,
  view: `${REPAIR}. npm run rebuild-view rebuilds it from its received events`,
};

export function formatReport(
  { invariants, violations, needsAttention }: AuditReport,
  withView: boolean,
): string {
  const names = keysOf(INVARIANTS).filter((name) => withView || name !== 'view');
  const width = Math.max(...names.map((name) => INVARIANTS[name].length));
  const lines = [`${''.padEnd(width)}   checked in flight  violated`];
  for (const name of names) {
    const { checked, inFlight, violated } = invariants[name];
    lines.push(
      `${INVARIANTS[name].padEnd(width)} ${column(checked, 9)} ${column(inFlight, 9)} ${column(violated, 9)}`,
    );
  }
  if (!withView)
    lines.push('the order history was not audited: set ORDER_HISTORY_DATABASE_URL to include it');
  for (const name of names) lines.push(...sectionOf(name, violations));
  if (needsAttention.length > 0) lines.push('', 'In flight, with a parked step:');
  for (const { sagaId, needsAttention: steps } of needsAttention.slice(0, LISTED))
    lines.push(`  ${sagaId}: ${steps.join(', ')}`);
  return lines.join('\n');
}

function sectionOf(name: Invariant, violations: readonly Finding[]): string[] {
  const all = violations.filter(({ invariant }) => invariant === name);
  if (all.length === 0) return [];
  return [
    '',
    `Violated: ${INVARIANTS[name]}`,
    ...all.slice(0, LISTED).map(({ subject, words }) => `  ${subject}: ${words}`),
    ...(all.length > LISTED ? [`  and ${String(all.length - LISTED)} more: --json lists all`] : []),
    `  What to do: ${REMEDIES[name]}.`,
  ];
}

function keysOf(invariants: Readonly<Record<Invariant, string>>): Invariant[] {
  const isInvariant = (name: string): name is Invariant => name in invariants;
  return Object.keys(invariants).filter(isInvariant);
}

function column(count: number, width: number): string {
  return count.toLocaleString('en').padStart(width);
}
