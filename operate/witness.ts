/** Workflow code, only in the bundle that explains a divergence: tells each thing that the saga asks for. */
import { proxySinks, type Sinks, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { TemporalFailure } from '@temporalio/common';
import { activityWords, childWords, END, FAILED_END, TIMER } from './step-words';

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
            // Another error fails the task, not the saga; the engine tells of it.
            if (error instanceof TemporalFailure) witness.asked(FAILED_END);
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
