/** What a worker adds to every step that the server has dispatched to it. */
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** 4 in the time after which the server gives the step to another process: three may get lost. */
const BEATS_IN_TIMEOUT = 4;

/** 100 ms: the SDK holds back what comes faster; by default it would let only one through in time. */
export const HEARTBEATS_AT_LEAST_APART_MS = 100;

/** While a step runs apart from its saga, the server knows that its process is alive. */
export const stepHeartbeat: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    execute: async (input, next) => {
      const { heartbeatTimeoutMs } = context.info;
      if (heartbeatTimeoutMs === undefined) return next(input);
      const beat = setInterval(() => {
        context.heartbeat();
      }, heartbeatTimeoutMs / BEATS_IN_TIMEOUT);
      try {
        return await next(input);
      } finally {
        clearInterval(beat);
      }
    },
  },
});

/**
 * A step on its task queue that finds every row locked fails, and is retried: by the server, which costs the saga no
 * event. In the saga's own process it is an answer.
 */
export const busyIsRetried: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    execute: async (input, next) => {
      const answers: unknown = await next(input);
      if (context.info.isLocal || !areAllBusy(answers)) return answers;
      throw ApplicationFailure.create({ type: 'RowLocked', message: 'its row is busy' });
    },
  },
});

function areAllBusy(answers: unknown): boolean {
  return Array.isArray(answers) && answers.length > 0 && answers.every(isBusy);
}

function isBusy(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'outcome' in answer && answer.outcome === 'busy';
}
