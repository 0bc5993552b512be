/** Loads the compiled workflow code as it is, on the stand-in for Temporal; or with an edit that plants a bug. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { compileFunction } from 'node:vm';
import * as common from '@temporalio/common';
import { ROOT } from '../../platform/project-paths';
import type * as workflows from '../../workflows';
import { type Edit as TextEdit, edited } from '../local/text-edits';
import type { WorkflowRuntime } from './workflow-runtime';

export type Workflows = Pick<typeof workflows, 'createOrderSaga' | 'cancelOrderSaga'>;

/** A change of one compiled file. */
export interface Edit extends TextEdit {
  /** Below `dist`, such as `saga/workflow/ask.js`. */
  readonly file: string;
}

const COMPILED = path.join(ROOT, 'dist');

/** @throws Error when an edit does not find its text, or the code wants a module that nothing stands in for */
export function loadWorkflows(runtime: WorkflowRuntime, edits: readonly Edit[] = []): Workflows {
  const loaded = new Map<string, { exports: unknown }>();
  const clock = clockOf(runtime);
  const load = (file: string): unknown => {
    const before = loaded.get(file);
    if (before) return before.exports;
    const module = { exports: {} };
    loaded.set(file, module);
    const code = compileFunction(
      sourceOf(file, edits),
      ['exports', 'require', 'module', 'Date', 'Error', 'TypeError'],
      { filename: path.join(COMPILED, file) },
    );
    const require = (name: string) => required(name, file);
    Reflect.apply(code, undefined, [module.exports, require, module, clock, Error, TypeError]);
    return module.exports;
  };
  const required = (name: string, from: string): unknown => {
    if (name === '@temporalio/workflow') return runtime.exports;
    if (name === '@temporalio/common') return common;
    if (name.startsWith('.')) return load(fileOf(path.posix.join(path.posix.dirname(from), name)));
    throw new Error(
      `${from} imports ${name}, which the simulator does not provide: add it to tools/simulator/load-workflows.ts`,
    );
  };
  const all = load('workflows/index.js');
  const unused = edits.filter(({ file }) => !loaded.has(file));
  if (unused.length > 0)
    throw new Error(`no such workflow file: ${unused.map(({ file }) => file).join(', ')}`);
  if (!areWorkflows(all))
    throw new Error(
      'dist/workflows/index.js does not export both sagas: build the product, and check workflows/index.ts',
    );
  return all;
}

/** @param module below `dist`: a file without its ending, or a folder */
function fileOf(module: string): string {
  return existsSync(path.join(COMPILED, `${module}.js`)) ? `${module}.js` : `${module}/index.js`;
}

/** `Date` as the sagas' code has it: it is the time of the task that runs. */
function clockOf(runtime: WorkflowRuntime) {
  return class TaskDate extends Date {
    static override now(): number {
      return runtime.current?.now ?? 0;
    }

    constructor(at?: number) {
      if (at === undefined)
        throw new TypeError('tools/simulator/load-workflows.ts has no new Date(): add it');
      super(at);
    }
  };
}

function sourceOf(file: string, edits: readonly Edit[]): string {
  const source = readFileSync(path.join(COMPILED, file), 'utf8');
  return edited(
    source,
    edits.filter((edit) => edit.file === file),
    `dist/${file}`,
  );
}

function areWorkflows(all: unknown): all is Workflows {
  return (
    typeof all === 'object' &&
    all !== null &&
    ['createOrderSaga', 'cancelOrderSaga'].every((name) => typeof Reflect.get(all, name) === 'function')
  );
}
