/** What a worker adds to every step that the server has dispatched to it. */
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { RetriedByServer } from '../contract';

/** 4 in the time after which the server gives the step to another process: three may get lost. */
const BEATS_IN_TIMEOUT = 4;

/** 100 ms: the SDK holds back what comes faster; by default it would let only one through in time. */
export const HEARTBEATS_AT_LEAST_APART_MS = 100;

/**
 * 1 s, then doubled: a row that is still locked after three attempts is held by a person or a report, not by another
 * group. At most 5 s: each attempt takes some milliseconds of two processes, and those whose rows are free need them. With
 * 1 s throughout, five such orders a second took half of two cores.
 */
const FIRST_PAUSE_WHEN_LOCKED_MS = 1_000;
const LONGEST_PAUSE_WHEN_LOCKED_MS = 5_000;

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
 * Has the server retry what the saga need not know of: every row is locked, or the step is parked and still fails. That
 * costs the saga no history event. An attempt in the saga's own process answers instead.
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
