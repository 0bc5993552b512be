/** Activity interceptors for workers that run steps from a task queue. */
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { RetriedByServer } from '../contract';

/** 4 heartbeats within the heartbeat timeout: three may get lost. */
const BEATS_IN_TIMEOUT = 4;

/**
 * 100 ms, for the worker option `maxHeartbeatThrottleInterval`. The SDK holds back heartbeats that come faster; with its
 * default only one would be sent within the timeout.
 */
export const HEARTBEATS_AT_LEAST_APART_MS = 100;

/**
 * The server's pause after an attempt whose rows were locked: 1 s, then doubled, up to 5 s. After three attempts a person or
 * a report holds the row, not another group. Each attempt takes some milliseconds in two processes, which other subjects
 * need: with pauses of 1 s throughout, five such subjects a second took half of two cores.
 */
const FIRST_PAUSE_WHEN_LOCKED_MS = 1_000;
const LONGEST_PAUSE_WHEN_LOCKED_MS = 5_000;

/**
 * Sends heartbeats while a step runs from a task queue, so that the server notices when its process dies. A local activity
 * is not affected.
 *
 * @example
 * await Worker.create({
 *   connection, namespace, taskQueue: 'payments', activities: paymentSteps(db),
 *   interceptors: { activity: [stepHeartbeat, retriedByServer] },
 *   maxHeartbeatThrottleInterval: HEARTBEATS_AT_LEAST_APART_MS,
 * });
 */
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
 * Fails an attempt that the server should retry without the saga: all rows are locked, or the parked step still fails.
 * Such a retry costs no history event. Only for attempts on a task queue (`StepRequest.retried`); a local attempt returns
 * its answers.
 *
 * @example
 * await Worker.create({ ...options, interceptors: { activity: [stepHeartbeat, retriedByServer] } });
 */
export const retriedByServer: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute: async (input, next) => {
      const retried = retriedOf(input.args[0]);
      if (!retried) return next(input);
      const answers: unknown = await next(input).catch((failure: unknown) => {
        throw retried.permanentFailures ? retryable(failure) : failure;
      });
      const outcome = outcomeOfAll(answers);
      if (outcome === undefined || !retried.outcomes.includes(outcome)) return answers;
      throw ApplicationFailure.create({
        type: 'NoAnswerYet',
        message: `every item is ${outcome}`,
        nextRetryDelay: Math.min(
          FIRST_PAUSE_WHEN_LOCKED_MS * 2 ** (info.attempt - 1),
          LONGEST_PAUSE_WHEN_LOCKED_MS,
        ),
      });
    },
  },
});

function retriedOf(request: unknown): RetriedByServer | undefined {
  if (typeof request !== 'object' || request === null || !('retried' in request)) return undefined;
  const { retried } = request;
  return isRetried(retried) ? retried : undefined;
}

function isRetried(value: unknown): value is RetriedByServer {
  return typeof value === 'object' && value !== null && 'outcomes' in value && Array.isArray(value.outcomes);
}

function retryable(failure: unknown): unknown {
  if (!(failure instanceof ApplicationFailure) || failure.nonRetryable !== true) return failure;
  return ApplicationFailure.create({
    type: failure.type ?? 'Error',
    message: failure.message,
    cause: failure,
  });
}

/** @returns undefined when the items have different outcomes */
function outcomeOfAll(answers: unknown): string | undefined {
  if (!Array.isArray(answers)) return undefined;
  const outcomes = new Set(answers.map(outcomeOf));
  const [only] = outcomes;
  return outcomes.size === 1 ? only : undefined;
}

function outcomeOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('outcome' in answer)) return undefined;
  return typeof answer.outcome === 'string' ? answer.outcome : undefined;
}
