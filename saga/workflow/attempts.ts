/**
 * Where one attempt of a step runs: in the saga's own process, as a local activity that costs no round trip; or on the
 * step's task queue, where the server retries it without events. The first attempts are local when the saga's placement
 * allows it; a service that keeps failing gets its steps on its queue until it has answered again.
 */
import {
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Placement, StepRequest } from '../contract';
import { readFailure } from './failures';
import {
  FIRST_PAUSE_MS,
  LOCAL_ATTEMPT_MS,
  LOCAL_ATTEMPTS,
  PAUSE_GROWTH,
  REMOTE_ATTEMPT_MS,
  REMOTE_SILENCE_MS,
  SHORTEST_ATTEMPT_MS,
} from './limits';
import { SerializedResults } from './serialize-results';
import type { Step, StepAnswer } from './step';

export type Where = 'local' | 'remote';

/** How long an attempt may take. */
export interface AttemptLimits {
  /** For how long the server may retry an attempt on the task queue, milliseconds. */
  readonly windowMs: number;
  /** The longest pause of the server's retries, milliseconds. */
  readonly longestPauseMs: number;
}

type Activities<Item, Answer> = Record<string, (request: StepRequest<Item>) => Promise<Answer[]>>;

export class Attempts {
  readonly #results = new SerializedResults();
  /** Failures in a row of local attempts, by task queue; Infinity where this saga's workers cannot run its steps. */
  readonly #failures = new Map<string, number>();

  constructor(private readonly placement: Placement) {}

  /** Where the first attempt for somebody runs. */
  where({ taskQueue, runsSagas }: Pick<Step<never, never>, 'taskQueue' | 'runsSagas'>): Where {
    const mayBeLocal = this.placement === 'colocated' || runsSagas === true;
    return mayBeLocal && (this.#failures.get(taskQueue) ?? 0) < LOCAL_ATTEMPTS ? 'local' : 'remote';
  }

  /**
   * @returns an answer per item; throws what the activity failed with
   */
  async run<Item, Answer extends StepAnswer>(
    step: Step<Item, Answer>,
    items: readonly Item[],
    where: Where,
    limits: AttemptLimits,
  ): Promise<readonly Answer[]> {
    const { taskQueue, activity } = step;
    const summary = `${step.words}: ${items.length === 1 ? 'one' : String(items.length)}`;
    const activities =
      where === 'local'
        ? proxyLocalActivities<Activities<Item, Answer>>({ summary, ...LOCAL_OPTIONS })
        : proxyActivities<Activities<Item, Answer>>({ summary, ...remoteAttempt(taskQueue, limits) });
    const work = activities[activity]?.({ sagaId: workflowInfo().workflowId, items });
    if (!work) throw new TypeError(`there is no activity ${activity}`);
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
  // The saga retries after a durable timer: a retry inside a local activity would hold its workflow task.
  retry: { maximumAttempts: 1 },
} as const;

function remoteAttempt(taskQueue: string, { windowMs, longestPauseMs }: AttemptLimits): ActivityOptions {
  return {
    taskQueue,
    startToCloseTimeout: REMOTE_ATTEMPT_MS,
    heartbeatTimeout: REMOTE_SILENCE_MS,
    scheduleToCloseTimeout: Math.max(windowMs, SHORTEST_ATTEMPT_MS),
    retry: {
      initialInterval: FIRST_PAUSE_MS,
      backoffCoefficient: PAUSE_GROWTH,
      maximumInterval: Math.max(longestPauseMs, FIRST_PAUSE_MS),
    },
  };
}
