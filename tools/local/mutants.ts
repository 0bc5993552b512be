/**
 * Generates mutants of the workflows and the engine: changes that break running sagas, as a careless edit might.
 * `replay-mutants.ts` replays the recorded histories against each.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { mutate, type Replace } from './mutations';
import { ROOT } from '../../platform/project-paths';

export interface Mutant {
  /** The kind of change. */
  readonly kind: string;
  /** Relative to the project. */
  readonly file: string;
  readonly line: number;
  /** The replaced text. */
  readonly was: string;
  readonly becomes: string;
  /** The whole changed file. */
  readonly text: string;
}

/**
 * The workflow code that determines the commands. Without `pauses`, `limits`, `clock` and `idOf`: they determine
 * timer lengths and step inputs, which replay does not compare.
 */
const FILES = [
  'workflows/create-order-saga.ts',
  'workflows/cancel-order-saga.ts',
  'workflows/order-outcomes.ts',
  'workflows/order-steps.ts',
  'saga/workflow/ask.ts',
  'saga/workflow/attempts.ts',
  'saga/workflow/failed-undos.ts',
  'saga/workflow/failures.ts',
  'saga/workflow/journal.ts',
  'saga/workflow/parked.ts',
  'saga/workflow/rendezvous.ts',
  'saga/workflow/saga-result.ts',
  'saga/workflow/saga-run.ts',
  'saga/workflow/serialize-results.ts',
  'saga/workflow/step-attempt.ts',
  'saga/workflow/step-queue.ts',
  'saga/workflow/subject-run.ts',
  'saga/workflow/uncancelled.ts',
  'saga/workflow/wait.ts',
];

export function generateMutants(): Mutant[] {
  return FILES.flatMap(mutantsOf);
}

function mutantsOf(file: string): Mutant[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const replace: Replace = (kind, place, becomes) => {
    const [start, end] = [place.getStart(), place.getEnd()];
    mutants.push({
      kind,
      file,
      line: source.getLineAndCharacterOfPosition(start).line + 1,
      was: oneLine(text.slice(start, end)),
      becomes: oneLine(becomes),
      text: text.slice(0, start) + becomes + text.slice(end),
    });
  };
  const visit = (node: ts.Node): void => {
    mutate(node, replace);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
