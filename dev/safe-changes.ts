/** Changes to the workflows that sagas under way do not notice: the gate must let them pass. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Mutant } from './mutants';
import { ROOT } from './paths';

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
  {
    kind: 'a variable renamed',
    file: 'workflows/create-order-saga.ts',
    was: 'pending',
    becomes: 'created',
  },
  {
    kind: "a step's summary",
    file: 'workflows/saga-steps.ts',
    was: "'create as PENDING'",
    becomes: "'write the order down'",
  },
  {
    kind: "the saga's details in the Temporal UI",
    file: 'workflows/create-order-saga.ts',
    was: "'PENDING, waiting for credit'",
    becomes: "'PENDING'",
  },
  {
    kind: 'a retry option',
    file: 'workflows/activity-options.ts',
    was: 'backoffCoefficient: PAUSE_GROWTH',
    becomes: 'backoffCoefficient: 1.5',
  },
  {
    kind: "a step's timeout",
    file: 'workflows/activity-options.ts',
    was: 'STEP_TIMEOUT_MS = 10_000',
    becomes: 'STEP_TIMEOUT_MS = 15_000',
  },
  {
    kind: "a timer's length",
    file: 'workflows/activity-options.ts',
    was: 'FIRST_PAUSE_MS = 50',
    becomes: 'FIRST_PAUSE_MS = 70',
  },
  {
    kind: 'words of a failure',
    file: 'workflows/create-order-saga.ts',
    was: 'could not be released',
    becomes: 'is still held',
  },
];

/** @throws Error when the workflows have changed so that one cannot be made any more */
export function safeChanges(): Mutant[] {
  return CHANGES.map(({ kind, file, was, becomes }) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const at = text.indexOf(was);
    if (at < 0) throw new Error(`${file} does not have «${was}» any more: mend dev/safe-changes.ts`);
    const line = text.slice(0, at).split('\n').length;
    return { kind, file, line, was, becomes, text: text.replaceAll(was, becomes) };
  });
}
