/**
 * Limits stack traces in workflow code to two frames. Preload this module into the sandbox that all workflows of a worker
 * share (`preloadModules`), before the SDK freezes it.
 *
 * The SDK captures a stack trace of every promise that workflow code creates, for the stack trace query of the Temporal
 * UI, and maps each frame to its source. Fifty subjects create thousands of promises; the traces cost a third of the
 * rate. Two frames cost almost nothing, because the two innermost frames of such a trace are the SDK's own. An error still
 * names the line that constructed it. The drawback: the stack trace query shows nothing useful.
 */
// eslint-disable-next-line no-restricted-syntax -- the purpose of this module: set once, then frozen
Error.stackTraceLimit = 2;
