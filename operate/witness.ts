/** Workflow code, only in the bundle that explains a divergence: reports each command that the saga asks for. */
import { TemporalFailure } from '@temporalio/common';
import {
  CancellationScope,
  ContinueAsNew,
  isCancellation,
  proxySinks,
  type Sinks,
  type WorkflowInterceptorsFactory,
} from '@temporalio/workflow';
import {
  activityWords,
  CANCELLED_END,
  childWords,
  CONTINUED_END,
  END,
  FAILED_END,
  TIMER,
} from './step-words';

export interface WitnessSinks extends Sinks {
  readonly witness: { asked(words: string): void };
}

export const interceptors: WorkflowInterceptorsFactory = () => {
  const { witness } = proxySinks<WitnessSinks>();
  return {
    inbound: [
      {
        async execute(input, next) {
          try {
            const result: unknown = await next(input);
            witness.asked(END);
            return result;
          } catch (error) {
            const words = endWords(error);
            if (words !== undefined) witness.asked(words);
            throw error;
          }
        },
      },
    ],
    outbound: [
      {
        scheduleLocalActivity(input, next) {
          witness.asked(activityWords(input.activityType));
          return next(input);
        },
        scheduleActivity(input, next) {
          witness.asked(activityWords(input.activityType, input.options.taskQueue));
          return next(input);
        },
        startChildWorkflowExecution(input, next) {
          witness.asked(childWords(input.workflowType));
          return next(input);
        },
        startTimer(input, next) {
          witness.asked(TIMER);
          return next(input);
        },
      },
    ],
  };
};

/** @returns undefined for an error that fails the task, not the saga: the engine reports it */
function endWords(error: unknown): string | undefined {
  if (error instanceof ContinueAsNew) return CONTINUED_END;
  if (isCancellation(error) && CancellationScope.current().consideredCancelled) return CANCELLED_END;
  return error instanceof TemporalFailure ? FAILED_END : undefined;
}
