/** A run that has become long continues as new when a pause is over: it does not begin another attempt. */
import type { Job } from './activation';
import { hasLocalSteps, type SagaRun } from './saga-run';

const PAUSE = 'before the next attempt: ';

/**
 * @param jobs that the saga gets in its next task
 * @param continuesAfter events that a run counts before it continues as new
 * @returns what to call when it has got them, for what is wrong, in words
 */
export function afterLongRun(
  { sagaId, execution, expectedLength }: SagaRun,
  jobs: readonly Job[],
  continuesAfter: number,
): () => string[] {
  const [job, another] = jobs;
  const isOver = job?.kind === 'timer' && execution.timers.get(job.seq)?.summary.startsWith(PAUSE);
  // Others that come with it, or local steps under way, may keep it from continuing at once.
  const mayContinue = isOver === true && !another && !hasLocalSteps(execution);
  const before = execution.lastSeq;
  return () => {
    const beginsAgain = [...execution.steps.keys()].some((seq) => seq > before);
    if (!mayContinue || expectedLength <= continuesAfter || !beginsAgain) return [];
    return [
      `${sagaId} begins another attempt after ${String(expectedLength)} events, and does not continue as new`,
    ];
  };
}
