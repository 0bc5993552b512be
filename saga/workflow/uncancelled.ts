/** Work that Temporal's Cancel does not tear down. */
import { CancellationScope } from '@temporalio/workflow';

/**
 * Handlers of signals and of the cancellation itself run in the workflow's root scope, which Temporal's Cancel cancels: a
 * step or a timer that they start there would fail at once.
 *
 * @param work starts what goes on afterwards; what it throws fails the workflow task
 */
export function uncancelled(work: () => void): void {
  void CancellationScope.nonCancellable(() => {
    work();
    return Promise.resolve();
  });
}
