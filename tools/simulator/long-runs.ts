/** A run that has become long continues as new when a pause or the server's retries are over: it does not begin another attempt. */
import type { Job } from './activation';
import type { Execution } from './execution';
import type { SagaRun } from './saga-run';
import { isOutOfTime } from './step-failures';
import { BOUNDED } from './waiting-steps';

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
  const isOver = isEndOfPause(job, execution);
  // Others that come with it, or local steps under way, may keep it from continuing at once.
  const mayContinue = isOver && !another && !execution.hasLocalSteps;
  const before = execution.lastSeq;
  return () => {
    const beginsAgain = [...execution.steps.keys()].some((seq) => seq > before);
    if (!mayContinue || expectedLength <= continuesAfter || !beginsAgain) return [];
    return [
      `${sagaId} begins another attempt after ${String(expectedLength)} events, and does not continue as new`,
    ];
  };
}

function isEndOfPause(job: Job | undefined, { timers }: Execution): boolean {
  if (job?.kind === 'timer') return timers.get(job.seq)?.summary.startsWith(PAUSE) === true;
  // An order without credit in time goes on with its cancellation.
  return (
    job?.kind === 'step' && job.name !== BOUNDED && 'failure' in job.answer && isOutOfTime(job.answer.failure)
  );
}
