/** While a step runs apart from its saga, the server hears that its process lives. */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** 4 in the time after which the server gives the step to another process: it may miss three. */
const BEATS_IN_TIMEOUT = 4;

/** 100 ms: the SDK holds back what comes faster; by itself it would only let one through in time. */
export const HEARTBEATS_AT_LEAST_APART_MS = 100;

/** A step takes a few milliseconds, and then sends none. */
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
