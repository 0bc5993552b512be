/** Interceptors that report each command of a saga; only in the bundle that explains a divergence. */
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
} from './command-descriptions';

export interface CommandSinks extends Sinks {
  readonly commands: { issued(words: string): void };
}

export const interceptors: WorkflowInterceptorsFactory = () => {
  const { commands } = proxySinks<CommandSinks>();
  return {
    inbound: [
      {
        async execute(input, next) {
          try {
            const result: unknown = await next(input);
            commands.issued(END);
            return result;
          } catch (error) {
            const words = endWords(error);
            if (words !== undefined) commands.issued(words);
            throw error;
          }
        },
      },
    ],
    outbound: [
      {
        scheduleLocalActivity(input, next) {
          commands.issued(activityWords(input.activityType));
          return next(input);
        },
        scheduleActivity(input, next) {
          commands.issued(activityWords(input.activityType, input.options.taskQueue));
          return next(input);
        },
        startChildWorkflowExecution(input, next) {
          commands.issued(childWords(input.workflowType));
          return next(input);
        },
        startTimer(input, next) {
          commands.issued(TIMER);
          return next(input);
        },
      },
    ],
  };
};

/** @returns undefined for an error that fails the workflow task, not the saga: the SDK reports it */
function endWords(error: unknown): string | undefined {
  if (error instanceof ContinueAsNew) return CONTINUED_END;
  if (isCancellation(error) && CancellationScope.current().consideredCancelled) return CANCELLED_END;
  return error instanceof TemporalFailure ? FAILED_END : undefined;
}
