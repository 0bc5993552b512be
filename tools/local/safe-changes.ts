/** Changes to the workflows and the engine that do not affect running sagas: the replay gate must let them pass. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Mutant } from './mutants';
import { ROOT } from '../../platform/project-paths';

interface SafeChange {
  readonly kind: string;
  readonly file: string;
  readonly was: string;
  readonly becomes: string;
}

const CHANGES: readonly SafeChange[] = [
  {
    kind: 'a log line',
    file: 'workflows/create-order-saga.ts',
    was: 'const { orderId } = order;',
    becomes:
      "const { orderId } = order; require('@temporalio/workflow').log.info('an order begins', { orderId });",
  },
  { kind: 'a variable renamed', file: 'workflows/create-order-saga.ts', was: 'pending', becomes: 'created' },
  {
    kind: "a step's summary",
    file: 'workflows/order-steps.ts',
    was: "'create as PENDING'",
    becomes: "'write the order down'",
  },
  {
    kind: "the saga's details in the Temporal UI",
    file: 'saga/workflow/saga-run.ts',
    was: "'| id | state |'",
    becomes: "'| order | state |'",
  },
  {
    kind: 'a retry option',
    file: 'saga/workflow/attempts.ts',
    was: 'backoffCoefficient: PAUSE_GROWTH',
    becomes: 'backoffCoefficient: 1.5',
  },
  {
    kind: "a step's timeout",
    file: 'saga/workflow/limits.ts',
    was: 'REMOTE_ATTEMPT_MS = 2_000',
    becomes: 'REMOTE_ATTEMPT_MS = 3_000',
  },
  {
    kind: "a timer's length",
    file: 'saga/workflow/limits.ts',
    was: 'FIRST_PAUSE_MS = 50',
    becomes: 'FIRST_PAUSE_MS = 70',
  },
  {
    kind: 'words of a failure',
    file: 'workflows/create-order-saga.ts',
    was: 'is reserved with other content',
    becomes: 'is held with other content',
  },
];

/** @throws Error when the source no longer contains the text that a change replaces */
export function safeChanges(): Mutant[] {
  return CHANGES.map(({ kind, file, was, becomes }) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const at = text.indexOf(was);
    if (at < 0) throw new Error(`${file} no longer contains «${was}»; update tools/local/safe-changes.ts`);
    const line = text.slice(0, at).split('\n').length;
    return { kind, file, line, was, becomes, text: text.replaceAll(was, becomes) };
  });
}
