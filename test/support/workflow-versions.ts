/**
 * The workflows as they were before a change made with `patched`, and as they may be after one: each built as a
 * bundle of its own, or as a whole build of the project.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleWorkflows } from '../../workers/workflow-bundle';
import { ROOT } from './start';

interface Edit {
  readonly file: string;
  readonly was: string;
  readonly becomes: string;
}

/** The change that docs/changing-a-saga.md goes through: a new step before credit is reserved. */
export const SAGA_FILE = 'workflows/create-order-saga.ts';
export const STEPS_FILE = 'workflows/order-steps.ts';
export const CONTRACTS_FILE = 'domain/contracts.ts';

/** Task queue of the service that the new step belongs to. */
export const FRAUD_TASK_QUEUE = 'fraud';

/** What the change adds to the contracts and to the steps. It changes no saga yet, so it needs no guard. */
export const NEW_CONTRACT = `export interface FraudSteps {
  checkFraud(
    request: StepRequest<OrderRequest>,
  ): Promise<{ readonly orderId: string; readonly outcome: 'checked' }[]>;
}`;
export const NEW_STEP = `const fraud = defineService<FraudSteps>({ taskQueue: '${FRAUD_TASK_QUEUE}', key: 'orderId' });
export const checkFraud = defineStep(fraud, 'checkFraud', { words: 'check for fraud' });`;

/** What stands in the saga, version by version, in front of {@link BEHIND}. */
export const GUARDS = {
  before: '',
  patched: "if (patched('check-fraud')) await saga.step(checkFraud, order);",
  deprecated: "deprecatePatch('check-fraud'); await saga.step(checkFraud, order);",
  removed: 'await saga.step(checkFraud, order);',
} as const;
export const BEHIND = 'const credit = await saga.step(reserveCredit, order, {';

const IMPORTS = 'import { approveOrder, ';

const newStep = (guard: string, ofTemporal: string): Edit[] => [
  {
    file: CONTRACTS_FILE,
    was: 'export interface CreditSteps {',
    becomes: `${NEW_CONTRACT}\nexport interface CreditSteps {`,
  },
  { file: STEPS_FILE, was: 'const credit =', becomes: `${NEW_STEP}\nconst credit =` },
  { file: STEPS_FILE, was: 'import type { CreditSteps,', becomes: 'import type { CreditSteps, FraudSteps,' },
  {
    file: SAGA_FILE,
    was: IMPORTS,
    becomes: `${ofTemporal && `import { ${ofTemporal} } from '@temporalio/workflow';\n`}${IMPORTS}checkFraud, `,
  },
  { file: SAGA_FILE, was: BEHIND, becomes: `${guard}\n${BEHIND}` },
];

const EDITS = {
  before: [],
  patched: newStep(GUARDS.patched, 'patched'),
  deprecated: newStep(GUARDS.deprecated, 'deprecatePatch'),
  removed: newStep(GUARDS.removed, ''),
  /** Each saga makes sure once more that its order is there: a step that needs no other service. */
  'one-step-more': [
    {
      file: SAGA_FILE,
      was: BEHIND,
      becomes: `if (patched('one-step-more')) await saga.step(createPendingOrder, order);\n${BEHIND}`,
    },
    { file: SAGA_FILE, was: IMPORTS, becomes: `import { patched } from '@temporalio/workflow';\n${IMPORTS}` },
  ],
} as const satisfies Record<string, readonly Edit[]>;

export type Version = keyof typeof EDITS;

export interface VersionBundle {
  readonly bundlePath: string;
  remove(): void;
}

/** @throws Error when the workflows have changed so that the version cannot be made of them any more */
export async function bundleOf(version: Version): Promise<VersionBundle> {
  const { folder, remove } = scratchFolder();
  for (const room of ['workflows', 'domain', 'saga']) {
    cpSync(path.join(ROOT, room), path.join(folder, room), { recursive: true });
  }
  for (const { file, was, becomes } of EDITS[version]) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    if (!text.includes(was)) throw new Error(`${file} has no «${was}»`);
    writeFileSync(path.join(folder, file), text.replace(was, becomes));
  }
  const { code } = await bundleWorkflows(path.join(folder, 'workflows'));
  const bundlePath = path.join(folder, 'workflow-bundle.js');
  writeFileSync(bundlePath, code);
  return { bundlePath, remove };
}

export interface VersionBuild {
  /** Of the compiled project. */
  readonly folder: string;
  remove(): void;
}

/** The whole build, with the workflow code of the version. */
export async function buildOf(version: Version): Promise<VersionBuild> {
  const bundle = await bundleOf(version);
  const { folder, remove } = scratchFolder();
  const build = path.join(folder, 'dist');
  const dist = path.join(ROOT, 'dist');
  for (const name of readdirSync(dist)) {
    // Others' copies lie beside it.
    if (!/^(version|copy)-|^mutants$/.test(name)) {
      cpSync(path.join(dist, name), path.join(build, name), { recursive: true });
    }
  }
  cpSync(bundle.bundlePath, path.join(build, 'workflow-bundle.js'));
  bundle.remove();
  return { folder: build, remove };
}

/** Below the project, so that what lies in it finds the packages. */
function scratchFolder() {
  const folder = mkdtempSync(path.join(ROOT, 'dist', 'version-'));
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
