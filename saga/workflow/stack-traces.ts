/**
 * Preloaded into the sandbox that all workflows of a worker share (`preloadModules`), before the SDK freezes it.
 *
 * The SDK takes a stack trace of every promise that workflow code makes, for the Temporal UI's stack trace query, and maps
 * each frame to its source. Fifty subjects make thousands of promises: that was a third of the rate. Two frames cost
 * nothing, because the two innermost frames of such a trace are the SDK's own; and an error still names the line that
 * constructed it. The price: the stack trace query shows nothing of use.
 */
// eslint-disable-next-line no-restricted-syntax -- it is what this module is for: set once, then frozen
Error.stackTraceLimit = 2;
