/** A workflow that does nothing: what the engine itself costs. */
export function emptyWorkflow(): Promise<void> {
  return Promise.resolve();
}
