/**
 * Decides where an attempt of a step runs, and runs it: in the saga's own process, as a local activity without a round
 * trip; or on the step's task queue, where the server retries it without events. The first attempts are local when the
 * placement allows it. While a service keeps failing, its steps go to its task queue.
 */
import {
  ActivityCancellationType,
  type ActivityOptions,
  CancellationScope,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Placement, RetriedByServer, StepRequest } from '../contract';
import { readFailure } from './failures';
import {
  FIRST_PAUSE_MS,
  LOCAL_ATTEMPT_MS,
  LOCAL_ATTEMPTS,
  PAUSE_GROWTH,
  REMOTE_ATTEMPT_MS,
  REMOTE_SILENCE_MS,
} from './limits';
import { SerializedResults } from './serialize-results';
import type { Step, StepAnswer } from './step';

export type Where = 'local' | 'remote';

/** Limits of an attempt on a task queue. */
export interface AttemptLimits {
  /** How long the server may retry the attempt, milliseconds. */
  readonly windowMs: number;
  /** The longest pause of the server's retries, milliseconds. */
  readonly longestPauseMs: number;
  /** Whether the server retries permanent failures and refusals too. */
  readonly failsPermanently: boolean;
}

type Activities<Item, Answer> = Record<string, (request: StepRequest<Item>) => Promise<Answer[]>>;

export class Attempts {
  readonly #results = new SerializedResults();
  /** Consecutive failures, by task queue; Infinity when this saga's workers cannot run the steps of the queue. */
  readonly #failures = new Map<string, number>();

  /** @param own the saga's task queue. The SDK's value is not used: it is another one on a replay */
  constructor(
    private readonly placement: Placement,
    private readonly own: string,
  ) {}

  /** Where the first attempt for a subject runs. */
  where({ taskQueue }: { readonly taskQueue: string }): Where {
    const mayBeLocal = this.placement === 'colocated' || taskQueue === this.own;
    return mayBeLocal && (this.#failures.get(taskQueue) ?? 0) < LOCAL_ATTEMPTS ? 'local' : 'remote';
  }

  /**
   * @param superseded receives a function that cancels an attempt on a task queue when another one replaces it
   * @returns an answer for each item; rejects with the failure of the activity
   */
  async run<Item, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    items: readonly Item[],
    where: Where,
    limits: AttemptLimits,
    superseded: (cancel: () => void) => void = () => undefined,
  ): Promise<readonly Answer[]> {
    const { taskQueue, activity } = step;
    const summary = `${step.words}: ${items.length === 1 ? 'one' : String(items.length)}`;
    const activities =
      where === 'local'
        ? proxyLocalActivities<Activities<Item, Answer>>({ summary, ...LOCAL_OPTIONS })
        : proxyActivities<Activities<Item, Answer>>({ summary, ...remoteAttempt(taskQueue, limits) });
    const retried = where === 'remote' ? retriedByServer(step, limits) : undefined;
    const run = activities[activity];
    if (!run) throw new TypeError(`there is no activity ${activity}`);
    const scope = new CancellationScope();
    const work = scope.run(() => run({ sagaId: workflowInfo().workflowId, items, retried }));
    if (where === 'remote')
      superseded(() => {
        scope.cancel();
      });
    try {
      const answers = await (where === 'local' ? this.#results.oneByOne(work) : work);
      if (this.#failures.get(taskQueue) !== Infinity) this.#failures.delete(taskQueue);
      return answers;
    } catch (failure) {
      const { kind } = readFailure(failure);
      const before = this.#failures.get(taskQueue) ?? 0;
      if (kind === 'elsewhere') this.#failures.set(taskQueue, Infinity);
      else if (kind === 'away') this.#failures.set(taskQueue, before + 1);
      throw failure;
    }
  }
}

const LOCAL_OPTIONS = {
  startToCloseTimeout: LOCAL_ATTEMPT_MS,
  // The saga retries after a durable timer. A retry within the local activity would hold the workflow task.
  retry: { maximumAttempts: 1 },
} as const;

function remoteAttempt(taskQueue: string, { windowMs, longestPauseMs }: AttemptLimits): ActivityOptions {
  return {
    taskQueue,
    startToCloseTimeout: REMOTE_ATTEMPT_MS,
    heartbeatTimeout: REMOTE_SILENCE_MS,
    scheduleToCloseTimeout: windowMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: {
      initialInterval: FIRST_PAUSE_MS,
      backoffCoefficient: PAUSE_GROWTH,
      maximumInterval: Math.max(longestPauseMs, FIRST_PAUSE_MS),
    },
  };
}

function retriedByServer<Item, Answer extends StepAnswer>(
  { refusals }: Step<Item, Answer>,
  { failsPermanently }: AttemptLimits,
): RetriedByServer {
  const outcomes = failsPermanently ? ['busy', ...Object.keys(refusals ?? {})] : ['busy'];
  return { outcomes, permanentFailures: failsPermanently };
}
