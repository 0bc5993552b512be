/** What the stack trace query of the Temporal UI answers for a saga. */
/* eslint-disable no-restricted-globals, no-restricted-imports -- the SDK has no other way to answer this query */
import type {} from '@temporalio/workflow/lib/global-attributes';

/** The SDK's name of the query; `setHandler` refuses it. */
const STACK_TRACE_QUERY = '__stack_trace';

const ANSWER =
  'Sagas record no stack traces of promises, because they cost a third of the rate. The current details say what the saga waits for.';

/** Answers the query in one line instead of with nothing ({@link ./stack-traces}). */
export function explainMissingStackTraces(): void {
  globalThis.__TEMPORAL_ACTIVATOR__?.queryHandlers.set(STACK_TRACE_QUERY, {
    handler: () => ANSWER,
    description: 'Says why there are no stack traces.',
  });
}
