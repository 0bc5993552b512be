/** Formats the output. */
import type { Counterexample } from './counterexample';

/** Longer ones are not read. */
const MOST_STEPS = 100;

export function counterexampleText({ steps, faults, wrong, shortest }: Counterexample): string {
  const width = String(steps.length).length;
  const left = steps.length - MOST_STEPS;
  const numbered = steps
    .slice(0, MOST_STEPS)
    .map((step, index) => `  ${String(index + 1).padStart(width)}. ${step}`);
  const how = shortest ? 'in the fewest decisions' : 'not known to be the shortest';
  return [
    `${counted(steps.length, 'step')}, ${counted(faults, 'fault')}, ${how}:`,
    ...numbered,
    ...(left > 0 ? [`  … and ${grouped(left)} more`] : []),
    ...wrong.map((words) => `  ✗ ${words}`),
  ].join('\n');
}

/** @param took seconds */
export function rateText(interleavings: number, took: number): string {
  const rate = Math.round((interleavings / Math.max(took, 0.001)) * 60);
  return `${grouped(interleavings)} interleavings in ${took.toFixed(1)} s, ${grouped(rate)} a minute`;
}

export interface BugRow {
  readonly words: string;
  readonly interleavings: number;
  readonly counterexample: Counterexample | undefined;
}

/** A table in Markdown. */
export function bugTable(rows: readonly BugRow[]): string {
  const cells = rows.map(({ words, interleavings, counterexample }) => [
    words,
    counterexample ? grouped(interleavings) : `not in ${grouped(interleavings)}`,
    counterexample ? String(counterexample.steps.length) : '–',
    counterexample ? String(counterexample.faults) : '–',
  ]);
  const table = [
    ['planted bug', 'interleavings until found', 'steps of the counterexample', 'faults in it'],
    ...cells,
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = table;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
