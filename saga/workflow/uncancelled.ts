/** Runs work that Temporal's Cancel does not interrupt. */
import { CancellationScope } from '@temporalio/workflow';

/**
 * Signal handlers and the cancellation handler run in the workflow's root scope, which Temporal's Cancel cancels. A step or
 * a timer that they start there would fail at once.
 *
 * @param work may start work that outlives the call; an error that it throws fails the workflow task
 */
export function uncancelled(work: () => void): void {
  void CancellationScope.nonCancellable(() => {
    work();
    return Promise.resolve();
  });
}
