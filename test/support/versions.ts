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

/** The change that docs/changing-a-saga.md goes through. */
export const ATTENTION_FILE = 'workflows/attention.ts';

/** What stands in it, version by version, where the new command would be. */
export const GUARDS = {
  before: 'return;',
  patched: 'if (!known && !patched(PATCH)) return;',
  deprecated: 'if (!known) deprecatePatch(PATCH);',
  removed: '',
} as const;

const guardedBy = (becomes: string): Edit => ({ file: ATTENTION_FILE, was: GUARDS.patched, becomes });

const EDITS = {
  before: [guardedBy(GUARDS.before)],
  patched: [],
  deprecated: [
    guardedBy(GUARDS.deprecated),
    { file: ATTENTION_FILE, was: '{ patched,', becomes: '{ deprecatePatch,' },
  ],
  removed: [guardedBy(GUARDS.removed)],
  /** An order that was to be cancelled and is approved all the same stays so. */
  'before-cancel-approved': [
    { file: 'workflows/cancel-approved.ts', was: 'if (!patched(PATCH)) return;', becomes: 'return;' },
  ],
  /** Each saga has one step more: it makes sure that its order is there. */
  'one-step-more': [
    {
      file: 'workflows/create-order-saga.ts',
      was: "details.note(orderId, 'PENDING, waiting for credit');",
      becomes: "if (patched('one-step-more')) await steps.createPendingOrder(order);",
    },
    {
      file: 'workflows/create-order-saga.ts',
      was: '{ CancellationScope,',
      becomes: '{ CancellationScope, patched,',
    },
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
  for (const room of ['workflows', 'domain']) {
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
