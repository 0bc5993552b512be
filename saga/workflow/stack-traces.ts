/**
 * Workflow code without stack traces of promises. Preload this module into the sandbox that all workflows of a worker share
 * (`preloadModules`), before the SDK freezes it.
 *
 * The SDK captures a stack trace of every promise that workflow code creates, for the stack trace query of the Temporal
 * UI, and maps each frame to its source. Fifty subjects create thousands of promises, whose traces cost a third of the
 * rate. Its promise hook finds the workflow and the sandbox's `Error` by functions that it compiles with
 * `promise.constructor.constructor`, and records nothing when `Error` captures no stack. So here it gets both without a
 * compilation, and an `Error` that captures none. Errors that workflow code constructs keep their traces.
 *
 * With an SDK whose hook works differently from 1.24, only the rate falls. `test/workflow/stack-traces.test.ts` notices.
 */
/* eslint-disable no-restricted-syntax, no-restricted-globals, no-restricted-imports -- the purpose of this module: set once, then frozen */
import type {} from '@temporalio/workflow/lib/global-attributes';

class NoStackTrace {
  readonly stack = '';
}

/** By the code that the hook compiles. */
const COMPILED = new Map<string, () => unknown>([
  ['return globalThis.Error', () => NoStackTrace],
  ['return globalThis.__TEMPORAL_ACTIVATOR__', () => globalThis.__TEMPORAL_ACTIVATOR__],
]);

const compile = Function;

Object.defineProperty(Promise, 'constructor', {
  value: (code: string) => COMPILED.get(code) ?? compile(code),
});
