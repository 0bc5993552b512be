/** Signals that ask a process to stop. */

/** SIGHUP: the terminal was closed. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * 500 ms: one Ctrl-C arrives several times, because the terminal sends it to every process of its group, and npm and
 * supervisors send it on to their children. A person who wants to end the process at once needs longer than that.
 */
const SAME_REQUEST_MS = 500;

/**
 * @param first called once, with the first signal
 * @param again called with each later signal that a person or a supervisor has sent by itself
 * @returns stops listening
 */
export function onStopSignals(first: (signal: NodeJS.Signals) => void, again: () => void): () => void {
  let firstAt: number | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      first(signal);
    } else if (performance.now() - firstAt > SAME_REQUEST_MS) {
      again();
    }
  };
  // The terminal or the pipe may be gone; what is printed then is lost, and nothing else.
  const ignore = (): void => undefined;
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignore);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, listener);
    for (const stream of [process.stdout, process.stderr]) stream.off('error', ignore);
  };
}
