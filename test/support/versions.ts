/**
 * The workflows as they were before a change made with `patched`, and as they will be after it: the steps of
 * docs/changing-a-saga.md, each built as a bundle of its own.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleWorkflows } from '../../workers/workflow-bundle';
import { ROOT } from './start';

const FILE = 'workflows/attention.ts';
const GUARD = 'if (!known && !patched(PATCH)) return;';

/** What stands in the place of the guard. */
const VERSIONS = {
  /** Nothing is told. */
  before: 'return;',
  patched: GUARD,
  deprecated: 'if (!known) deprecatePatch(PATCH);',
  removed: '',
} as const;

export interface VersionBundle {
  readonly bundlePath: string;
  remove(): void;
}

export async function bundleOf(version: keyof typeof VERSIONS): Promise<VersionBundle> {
  const copy = mkdtempSync(path.join(ROOT, 'dist', 'version-'));
  for (const room of ['workflows', 'domain']) {
    cpSync(path.join(ROOT, room), path.join(copy, room), { recursive: true });
  }
  const text = readFileSync(path.join(ROOT, FILE), 'utf8');
  if (!text.includes(GUARD)) throw new Error(`${FILE} has no «${GUARD}»`);
  const changed = text.replace(GUARD, VERSIONS[version]).replace('{ patched,', '{ deprecatePatch, patched,');
  writeFileSync(path.join(copy, FILE), changed);
  const { code } = await bundleWorkflows(path.join(copy, 'workflows'));
  const bundlePath = path.join(copy, 'workflow-bundle.js');
  writeFileSync(bundlePath, code);
  return {
    bundlePath,
    remove: () => {
      rmSync(copy, { recursive: true, force: true });
    },
  };
}
